"""The client's methods return the same, blocking and asynchronous, over gRPC and REST."""

import asyncio
import subprocess
import sys

import grpc
import numpy as np
import pytest

from serving.client import AsyncClient, Client
from tests.serving.client_helpers import InLoop
from tests.serving.serving_helpers import ROOT, free_port

IMAGES = np.random.default_rng(0).uniform(size=(5, 4, 4, 1)).astype(np.float32)
WEIGHTS = np.arange(32.0).reshape(16, 2) / 32  # of the served model
KINDS = [(Client, "grpc"), (Client, "rest"), (InLoop, "grpc"), (InLoop, "rest")]


def address(server, scheme):
    return server.address if scheme == "grpc" else server.rest.removesuffix("/v1/models")


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: f"{kind[0].__name__}-{kind[1]}")
def kind(request, server):
    """Makes clients of one kind."""
    make, scheme = request.param

    def made(model="m", **kwargs):
        return make(address(server, scheme), model=model, **kwargs)

    return made


@pytest.fixture(scope="module")
def client(kind):
    with kind() as opened:
        yield opened


def picture(z):
    return 1 / (1 + np.exp(-z @ WEIGHTS.T)).reshape(*z.shape[:-1], 4, 4, 1)


@pytest.mark.real_process
def test_imports_no_tensorflow():
    program = (
        "import sys, serving.client.command as c; "
        "assert not {m for m in sys.modules if m.split('.')[0] in "
        "('tensorflow', 'tensorflow_serving', 'keras', 'tfvae', 'absl', 'PIL')}"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_methods(client):
    assert client.wait_ready(timeout=30) == 1
    mean, stddev = client.encode(IMAGES)
    np.testing.assert_allclose(mean, IMAGES.reshape(5, 16) @ WEIGHTS, rtol=1e-5)
    np.testing.assert_array_equal(stddev, np.ones([5, 2]))
    assert mean.dtype == stddev.dtype == np.float32
    np.testing.assert_allclose(client.encode(IMAGES.astype(np.float64))[0], mean)
    rows = np.stack([np.full(5, 7), np.arange(5)], axis=1)
    np.testing.assert_allclose(client.encode_sample(IMAGES, seed=7), mean + rows, rtol=1e-6)
    np.testing.assert_allclose(client.decode(mean), picture(mean), rtol=1e-5)
    np.testing.assert_allclose(client.reconstruct(IMAGES), picture(mean), rtol=1e-5)
    latent, image = client.sample(5, seed=7)
    np.testing.assert_array_equal(latent, rows)
    np.testing.assert_allclose(image, client.decode(latent))
    likelihood = client.log_likelihood(IMAGES, seed=rows)
    np.testing.assert_allclose(likelihood, rows.sum(1) + mean[:, 0], rtol=1e-6)


def test_both_ways_answer_bit_for_bit(server, client):
    with Client(server.address, model="m") as other:
        for ours, theirs in zip(client.encode(IMAGES), other.encode(IMAGES), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        inputs = {"count": np.array([3], np.int32)}
        ours, theirs = (one.predict("slow", inputs)["count"] for one in (client, other))
        assert ours == theirs == 3
        assert ours.dtype == theirs.dtype == np.int32


def test_traversals(client):
    mean = IMAGES[:3].reshape(3, 16) @ WEIGHTS
    default = client.traverse(IMAGES[:3])
    assert default.shape == (3, 2, 11, 4, 4, 1)
    z = mean.copy()
    z[:, 0] = -2
    np.testing.assert_allclose(default[:, 0, 0], picture(z), rtol=1e-4)
    chosen = client.traverse(latents=mean, dimensions=[1], values=[5.0, 0.5])
    assert chosen.shape == (3, 1, 2, 4, 4, 1)
    z = mean.copy()
    z[:, 1] = 0.5
    np.testing.assert_allclose(chosen[:, 0, 1], picture(z), rtol=1e-4)
    with pytest.raises(ValueError, match="dimensions has 2; it must be from 0 to 1"):
        client.traverse(IMAGES, dimensions=[0, 2])
    with pytest.raises(ValueError, match="images or latents"):
        client.traverse(IMAGES, latents=mean)
    with pytest.raises(ValueError, match=r"latents has shape \(2,\); it must be \[N, d\]"):
        client.traverse(latents=mean[0])
    with pytest.raises(ValueError, match="num_steps=0"):
        client.traverse(IMAGES, num_steps=0)


def test_what_is_served(client):
    metadata = client.metadata()
    assert metadata["encode_sample"]["inputs"] == {
        "image": ("float", (-1, 4, 4, 1)),
        "seed": ("int64", (-1, 2)),
    }
    assert metadata["decode_png"]["outputs"] == {"image_bytes": ("string", (-1,))}
    assert client.status() == {1: ("AVAILABLE", "")}


def test_chunks_equal_the_whole(kind, client):
    with kind(version=1, chunk_size=2, max_in_flight=2) as chunked:
        for ours, theirs in zip(chunked.sample(5, seed=3), client.sample(5, seed=3), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)
        np.testing.assert_allclose(chunked.encode(IMAGES)[0], client.encode(IMAGES)[0], rtol=1e-6)
    mean, stddev = client.encode(IMAGES[:0])
    assert mean.shape == stddev.shape == (0, 2)


def test_predict_sends_what_it_is_given(client):
    outputs = client.predict("encode_png", {"image_bytes": [b"ab\0"]}, ["mean"])
    assert list(outputs) == ["mean"]
    np.testing.assert_array_equal(outputs["mean"], [[3, 3]])
    (pictures,) = client.predict("decode_png", {"latent": np.zeros([2, 2], ">f4")}).values()
    assert pictures.tolist() == ["\0\xff".encode() + b"0.000000"] * 2
    assert client.encode({"image_bytes": [b"ab\0"]})[0].tolist() == [[3, 3]]
    with pytest.raises(grpc.RpcError) as caught:
        client.predict("nothing", {"latent": np.zeros([1, 2], np.float32)})
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert caught.value.details() == 'Serving signature key "nothing" not found.'
    with pytest.raises(grpc.RpcError) as caught:
        client.predict("decode", {"latent": np.zeros([1, 3], np.float32)})
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError, match="alias not found in signature: y Outputs") as caught:
        client.predict("decode", {"latent": np.zeros([1, 2], np.float32)}, ["y"])
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_mistakes_are_met_before_sending(client):
    with pytest.raises(ValueError, match=r"image has shape \(5, 4, 4\); the model takes \(-1, 4"):
        client.encode(IMAGES[..., 0])
    with pytest.raises(ValueError, match=r"dtype uint8; .* array / 255"):
        client.encode((IMAGES * 255).astype(np.uint8))
    with pytest.raises(ValueError, match="image has dtype complex64; the model takes float32"):
        client.encode(IMAGES.astype(np.complex64))
    with pytest.raises(ValueError, match="image_bytes has dtype <U2; the model takes bytes"):
        client.encode({"image_bytes": ["ab"]})
    with pytest.raises(ValueError, match=r"give an int, or integers of shape \(5, 2\)"):
        client.encode_sample(IMAGES, seed=0.5)
    with pytest.raises(ValueError, match="seed is None"):
        client.encode_sample(IMAGES, seed=None)
    with pytest.raises(ValueError, match=f"seed={2**63} must be from"):
        client.sample(1, seed=2**63)
    with pytest.raises(ValueError, match="n=-1 must be an integer"):
        client.sample(-1, seed=0)
    with pytest.raises(ValueError, match="model 'm': the model has no encode of label; it has"):
        client.encode({"label": IMAGES})


@pytest.mark.parametrize("cls", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"chunk_size": 0}, "chunk_size=0"),
        ({"max_in_flight": 0}, "max_in_flight=0"),
        ({"timeout": 0}, "timeout=0 must be above"),
        ({"retries": 5}, "retries=5 must be from 0 to 4"),
        ({"model": ""}, "model is empty"),
        ({"version": 1, "version_label": "a"}, "version=1 and version_label='a'"),
        ({"version": -1}, "version=-1"),
        ({"address": "localhost"}, "must be host:port, such as localhost:8500"),
        ({"address": "localhost:x"}, "cannot be read"),
        ({"address": "ftp://localhost:1"}, "or http:// or https://"),
        ({"address": "http://h/v1/models"}, "must end before /v1"),
    ],
)
def test_arguments(cls, given, message):
    with pytest.raises(ValueError, match=message):
        cls(**{"address": "localhost:1", "model": "m"} | given)


def test_wait_ready_says_what_is_wrong(kind, server):
    with (
        kind(model="other") as client,
        pytest.raises(TimeoutError, match="NOT_FOUND: Could not find any versions of model other"),
    ):
        client.wait_ready(timeout=2)
    for scheme in ("", "http://"):
        with (
            Client(f"{scheme}127.0.0.1:{free_port()}", model="m") as client,
            pytest.raises(TimeoutError, match=r"not served after 0\.2 s"),
        ):
            client.wait_ready(timeout=0.2)


def test_many_calls_at_a_time(server):
    async def ask():
        async with AsyncClient(server.address, model="m") as client:
            return await asyncio.gather(*(client.encode(IMAGES[i : i + 1]) for i in range(5)))

    means = np.concatenate([mean for mean, _ in asyncio.run(ask())])
    np.testing.assert_allclose(means, IMAGES.reshape(5, 16) @ WEIGHTS, rtol=1e-5)
