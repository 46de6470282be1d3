import subprocess
import sys

import grpc
import numpy as np
import pytest
from serving_helpers import ROOT, free_port

from serving.client import Client

IMAGES = np.random.default_rng(0).uniform(size=(5, 4, 4, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def client(server):
    with Client(server.address, model="m") as opened:
        yield opened


def test_imports_no_tensorflow():
    program = "import sys, serving.client; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_methods(client):
    assert client.wait_ready(timeout=30) == 1
    mean, stddev = client.encode(IMAGES)
    assert mean.shape == stddev.shape == (5, 2)
    np.testing.assert_allclose(client.encode(IMAGES.astype(np.float64))[0], mean)
    rows = np.stack([np.full(5, 7), np.arange(5)], axis=1)
    np.testing.assert_allclose(client.encode_sample(IMAGES, seed=7), mean + rows, rtol=1e-6)
    np.testing.assert_allclose(client.decode(mean), client.reconstruct(IMAGES), rtol=1e-6)
    latent, image = client.sample(5, seed=7)
    np.testing.assert_array_equal(latent, rows)
    np.testing.assert_allclose(image, client.decode(latent))
    likelihood = client.log_likelihood(IMAGES, seed=rows)
    np.testing.assert_allclose(likelihood, rows.sum(1) + mean[:, 0], rtol=1e-6)


def test_metadata(client):
    metadata = client.metadata()
    assert metadata["encode_sample"]["inputs"] == {
        "image": ("float", (-1, 4, 4, 1)),
        "seed": ("int64", (-1, 2)),
    }
    assert metadata["decode_png"]["outputs"] == {"image_bytes": ("string", (-1,))}


def test_chunks_equal_the_whole(server, client):
    with Client(server.address, model="m", version=1, chunk_size=2) as chunked:
        for ours, theirs in zip(chunked.sample(5, seed=3), client.sample(5, seed=3), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)
        assert chunked.encode(IMAGES[:0])[0].shape == (0, 2)


def test_predict_sends_what_it_is_given(client):
    outputs = client.predict("encode_png", {"image_bytes": [b"ab\0"]}, ["mean"])
    assert list(outputs) == ["mean"]
    np.testing.assert_array_equal(outputs["mean"], [[3, 3]])
    (picture,) = client.predict("decode_png", {"latent": np.float32([[0, 0]])}).values()
    assert picture.tolist() == ["\0\xff".encode() + b"0.000000"]
    with pytest.raises(grpc.RpcError, match="Expects arg"):
        client.predict("decode", {"latent": [[0.0, 0.0]]})


def test_mistakes_are_met_before_sending(client):
    with pytest.raises(ValueError, match=r"image has shape \(5, 4, 4\), the model takes \(-1, 4"):
        client.encode(IMAGES[..., 0])
    with pytest.raises(ValueError, match=r"dtype uint8, .* array / 255"):
        client.encode((IMAGES * 255).astype(np.uint8))
    with pytest.raises(ValueError, match=r"give an int, or integers of shape \(5, 2\)"):
        client.encode_sample(IMAGES, seed=0.5)
    with pytest.raises(ValueError, match="no translation to 'label' of image; exported are: none"):
        client.translate({"image": IMAGES}, "label")
    with pytest.raises(ValueError, match="chunk_size=0"):
        Client("localhost:1", model="m", chunk_size=0)


def test_wait_ready_says_what_is_wrong(server):
    with (
        Client(server.address, model="other") as client,
        pytest.raises(TimeoutError, match="NOT_FOUND: Could not find any versions of model other"),
    ):
        client.wait_ready(timeout=0.2)
    with (
        Client(f"127.0.0.1:{free_port()}", model="m") as client,
        pytest.raises(TimeoutError, match=r"not served after 0\.2 s"),
    ):
        client.wait_ready(timeout=0.2)
