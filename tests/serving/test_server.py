"""The server as a program: flags, ports, signals, new versions."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from concurrent import futures
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.client import Client
from tests import programs
from tests.serving.serving_helpers import ROOT, Server, add_version, export, free_port, wait_until


def run(*flags, path=None):
    environment = {**os.environ, **({"PATH": str(path)} if path else {})}
    return programs.run("serving.server", *flags, env=environment)


def test_wrong_base_paths_and_flags(tmp_path, exported):
    for flags, message in (
        ([], "give --model_base_path, the directory"),
        ([f"--model_base_path={tmp_path}/none"], "is not a directory"),
        ([f"--model_base_path={tmp_path}"], "has no version"),
        ([f"--model_base_path={exported}"], f"give its parent {exported.parent}"),
        (["--model_base_pat=x"], "Unknown command line flag 'model_base_pat'"),
        (["--port=many"], "flag --port=many"),
        (["--port=70000"], "flag --port=70000"),
        (["now"], "unexpected argument 'now'"),
        ([f"--model_base_path={exported.parent}", "--rest_api_port=8500"], "is also --port"),
    ):
        result = run(*flags)
        assert result.returncode != 0
        assert message in result.stderr + result.stdout
        assert "Traceback" not in result.stderr


def test_ports_in_use(exported):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        base_path = f"--model_base_path={exported.parent}"
        for flags in ([f"--port={port}"], ["--port=0", f"--rest_api_port={port}"]):
            result = run(base_path, *flags)
            assert result.returncode == 1
            assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
            assert f"choose another {flags[-1].partition('=')[0]}\n" in result.stderr


def test_stock_engine_gets_the_same_flags(tmp_path):
    flags = ["--engine=stock", "--model_name=m", "--model_base_path=saved_models/m", "--port=1"]
    result = run(*flags, path=tmp_path)
    assert result.returncode == 1
    assert "tensorflow_model_server is not on the PATH" in result.stderr
    binary = tmp_path / "tensorflow_model_server"
    binary.write_text('#!/bin/sh\necho "$@"\n')
    binary.chmod(0o755)
    flags += ["--file_system_poll_wait_seconds=2"]
    result = run(*flags, "--noenable_model_warmup", "--enable_batching=true", path=tmp_path)
    assert set(result.stdout.split()) == {
        "--model_name=m",
        f"--model_base_path={ROOT}/saved_models/m",
        "--port=1",
        "--file_system_poll_wait_seconds=2",
        "--enable_model_warmup=false",
        "--enable_batching=true",
    }
    result = run(*flags, "--host=0.0.0.0", path=tmp_path)
    assert result.returncode == 1
    assert "--host is a flag of the embedded server only" in result.stderr


def test_threads_of_a_session(exported):
    flag = "--tensorflow_session_parallelism=3"
    server = Server(f"--model_base_path={exported.parent}", "--port=0", flag)
    tasks = Path(f"/proc/{server.process.pid}/task")
    names = [(task / "comm").read_text().strip() for task in tasks.iterdir()]
    server.stop()
    assert names.count("tf_Compute") == 3


@pytest.mark.real_process
def test_a_server_is_quiet_from_its_start_to_its_end_by_ctrl_c(exported):
    command = [sys.executable, "-m", "serving.server", f"--model_base_path={exported.parent}"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    server = subprocess.Popen([*command, "--port=0"], cwd=ROOT, env=environment, **pipes)
    assert "Serving" in server.stdout.readline()
    server.send_signal(signal.SIGINT)
    output, log = server.communicate(timeout=60)
    assert (server.returncode, output) == (0, "")
    said = [line.partition("] ")[2] for line in log.splitlines()]
    assert said == [f"model default version 1 is {state}" for state in ("available", "unloaded")]


def test_nothing_to_load(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"broken")
    result = run(f"--model_base_path={tmp_path}", "--port=0")
    assert result.returncode == 1
    assert "could be loaded: version 1: cannot load" in result.stderr
    assert "Traceback" not in result.stderr


def half_copied(exported, base_path, number):
    version = add_version(exported, base_path, number)
    (version / "variables" / "variables.index").unlink()


def with_failing_warm_up(exported, base_path, number):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = "nothing"
    version = base_path / "beside"
    export(version)
    extra = version / "assets.extra"
    extra.mkdir()
    with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
        writer.write(log.SerializeToString())
    version.rename(base_path / str(number))


def test_versions_swap_under_load_and_ctrl_c_drains(exported, tmp_path):
    add_version(exported, tmp_path, 1)
    server = Server(
        f"--model_base_path={tmp_path}",
        "--port=0",
        "--file_system_poll_wait_seconds=0.1",
        "--grpc_channel_arguments=grpc.max_receive_message_length=100000",
    )
    stop = threading.Event()

    def ask():
        answers = set()
        with Client(server.address, model="m") as client:
            while not stop.is_set():
                answers.add(float(client.encode(np.zeros([1, 4, 4, 1]))[0][0, 0]))
        return answers

    try:
        with futures.ThreadPoolExecutor() as pool, Client(server.address, model="m") as client:
            askers = [pool.submit(ask) for _ in range(4)]
            half_copied(exported, tmp_path, 2)
            with_failing_warm_up(exported, tmp_path, 3)
            export(tmp_path / "beside", bias=1.0).rename(tmp_path / "4")
            wait_until(lambda: client.wait_ready() == 4)
            wait_until(lambda: client.encode(np.zeros([1, 4, 4, 1]))[0][0, 0] == 1)
            stop.set()
            assert set().union(*[asker.result() for asker in askers]) <= {0.0, 1.0}
            with pytest.raises(grpc.RpcError) as caught:
                client.predict("decode", {"latent": np.zeros([100_000, 2], np.float32)})
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            # A request in flight is answered, and the program ends well.
            count = np.array([1_000_000], np.int32)
            slow = pool.submit(client.predict, "slow", {"count": count})
            wait_until(slow.running)
            with pytest.raises(futures.TimeoutError):
                slow.result(timeout=0.3)
            server.signal(signal.SIGINT)
            assert slow.result(timeout=30)["count"] == count
        # A SIGTERM while the program ends would be the code.
        server.process.wait(timeout=40)
    finally:
        stop.set()
        code, stderr = server.stop()
    assert code == 0
    assert "version 2 failed to load" in stderr
    assert "version 3 failed to load: warm-up request 0" in stderr
    assert 'Serving signature key "nothing" not found.' in stderr
    assert "version 1 is unloaded" in stderr
    for noise in ("Traceback", "deprecated", "WARNING"):
        assert noise not in stderr


def test_rest_drains_too(exported):
    server = Server(
        f"--model_base_path={exported.parent}", "--port=0", f"--rest_api_port={free_port()}"
    )
    body = {"signature_name": "slow", "inputs": [600_000]}

    def ask():
        request = urllib.request.Request(server.rest + "/m:predict", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())

    with futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(ask)
        with pytest.raises(futures.TimeoutError):
            answer.result(timeout=0.5)
        code, _ = server.stop()
        assert answer.result(timeout=30) == {"outputs": [600_000]}
    assert code == 0
