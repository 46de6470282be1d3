"""The client's command."""

import io
import json
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from serving.client import command
from tests.serving.serving_helpers import ROOT, free_port

IMAGES = np.random.default_rng(0).uniform(size=(3, 4, 4, 1)).astype(np.float32)
MEAN = IMAGES.reshape(3, 16) @ (np.arange(32.0).reshape(16, 2) / 32)


@pytest.fixture
def call(server, tmp_path, monkeypatch, capsys):
    """Runs the command in an empty folder; returns its output."""
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", IMAGES)
    np.savez("latents.npz", latent=np.zeros([2, 2], np.float32), other=[1.0])

    def called(*argv, code=0):
        assert command.main([*argv, f"--address={server.address}", "--model=m"]) == code
        printed = capsys.readouterr()
        assert printed.err.count("\n") == (1 if code else 0)
        return printed.err if code else printed.out

    return called


def test_encode(call, tmp_path):
    for name in ("a.png", "b.jpeg"):
        (tmp_path / name).write_bytes(b"12345")
    assert json.loads(call("encode", "a.png", "b.jpeg"))["mean"] == [[5, 5], [5, 5]]
    encoded = json.loads(call("encode", "images.npy"))
    np.testing.assert_allclose(encoded["mean"], MEAN, rtol=1e-5)
    assert encoded["stddev"] == np.ones([3, 2]).tolist()
    assert call("encode", "images.npy", "--output=codes.npz") == "wrote codes.npz\n"
    np.testing.assert_allclose(np.load("codes.npz")["mean"], MEAN, rtol=1e-5)
    call("encode", "images.npy", "--output=codes.json")
    for codes in ("codes.npz", "codes.json"):
        decoded = json.loads(call("decode", codes))["image"]
        assert decoded == json.loads(call("reconstruct", "images.npy"))["image"]


def test_pictures_by_signature_and_by_pillow(call, tmp_path, monkeypatch):
    assert call("decode", "latents.npz", "--output=d.png") == "wrote d-0.png\nwrote d-1.png\n"
    assert (tmp_path / "d-1.png").read_bytes() == "\0\xff".encode() + b"0.000000"
    (tmp_path / "a.png").write_bytes(b"12345")
    call("reconstruct", "a.png", "--output=r.png")
    assert (tmp_path / "r.png").read_bytes() == "\0\xff".encode() + b"5.000000"
    # The model has no sample_png.
    assert call("sample", "--n=1", "--seed=3", "--output=s.png") == "wrote s.png\n"
    sampled = json.loads(call("sample", "--n=1", "--seed=3"))
    assert sampled["latent"] == [[3, 0]]
    with Image.open(io.BytesIO((tmp_path / "s.png").read_bytes())) as image:
        np.testing.assert_allclose(
            np.asarray(image) / 255, np.array(sampled["image"])[0, ..., 0], atol=0.5 / 255
        )
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert "pip install pillow, or give --output=x.npz" in call("sample", "--output=s.png", code=1)


def test_status_and_metadata(call):
    assert json.loads(call("status")) == {"1": {"state": "AVAILABLE", "error": ""}}
    metadata = json.loads(call("metadata"))
    assert metadata["decode"]["inputs"] == {"latent": ["float", [-1, 2]]}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["encode", "none.png"], "No such file or directory: 'none.png'"),
        (["encode", "images.npy", "a.png"], "images.npy has arrays; give only this file"),
        (["encode", "bad.npy"], "bad.npy has no arrays"),
        (["encode", "images.npy", "--output=x.png"], "--output=x.png must end in .json, .npz"),
        (["encode", "images.npy", "--output=no/x.npz"], "folder no does not exist"),
        (["decode", "images.npy"], "latent has shape (3, 4, 4, 1); the model takes (-1, 2)"),
        (["sample", "--n=-1"], "n=-1 must be an integer of at least 0"),
        (["status", "--bearer_token_file=bad.npy"], "--bearer_token_file=bad.npy has no token"),
        (["status", "--retries=9"], "retries=9 must be from 0"),
        (["status", "--version=7"], "NOT_FOUND: Could not find version 7 of model m"),
    ],
)
def test_errors_are_one_line(call, tmp_path, argv, message):
    (tmp_path / "bad.npy").write_bytes(b"# no\n")
    assert message in call(*argv, code=1)


def test_a_model_without_pictures(call, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"12345")
    signatures = {"encode": {"inputs": {"image": ()}}}
    monkeypatch.setattr(command.Client, "metadata", lambda self: signatures)
    message = "model 'm' has no signature such as encode_png that takes only pictures"
    assert message in call("encode", "a.png", code=1)
    for name in ("left_bytes", "right_bytes"):
        signatures[f"encode_{name}_png"] = {"inputs": {name: ()}}
    assert "model 'm' has several signatures such as" in call("encode", "a.png", code=1)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["encode"], "the following arguments are required: files"),
        (["status", "--adress=x"], "unrecognized arguments: --adress=x"),
        (["sample", "--n=x"], "argument --n: invalid int value: 'x'"),
    ],
)
def test_wrong_flags(capsys, argv, message):
    with pytest.raises(SystemExit) as caught:
        command.main(argv)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.real_process
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_nobody_there(scheme):
    argv = ["status", f"--address={scheme}127.0.0.1:{free_port()}", "--retries=0"]
    result = subprocess.run(
        [sys.executable, "-m", "serving.client", *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "UNAVAILABLE" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.real_process
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_interrupted(scheme):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"{scheme}127.0.0.1:{mute.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.client", "sample", f"--address={address}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        mute.settimeout(60)
        connection, _ = mute.accept()
        connection.recv(1)  # The request has been sent.
        process.send_signal(signal.SIGINT)
        printed = process.communicate(timeout=60)
        connection.close()
    assert (process.returncode, *printed) == (130, "", "")


@pytest.mark.real_process
def test_output_that_nobody_reads(server):
    shell = f"{sys.executable} -m serving.client metadata --model=m --address={server.address} | :"
    result = subprocess.run(
        shell, shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
