"""A client of a model of several modalities selects signatures by their names."""

import json

import numpy as np
import pytest
from PIL import Image

import tfvae
from serving.client import Client, command
from tests.conformance.registry_multimodal import build, examples
from tests.serving.serving_helpers import Server, free_port

pytestmark = pytest.mark.slow
X = {name: value[:4] for name, value in examples().items()}


@pytest.fixture(scope="module")
def model():
    return build(tfvae.MVAE, num_subsets=1)


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    base_path = tmp_path_factory.mktemp("several") / "m"
    tfvae.export(model, base_path, subsets=[["image"], ["label", "point"]])
    running = Server(f"--model_base_path={base_path}", "--port=0", f"--rest_api_port={free_port()}")
    yield running
    assert running.stop()[0] == 0


@pytest.fixture(scope="module", params=["grpc", "rest"])
def client(request, server):
    rest = server.rest.removesuffix("/v1/models")
    with Client(server.address if request.param == "grpc" else rest, model="m") as opened:
        yield opened


def of(*names):
    return {name: X[name] for name in names}


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_subsets_choose_the_signature(model, client):
    for names in (["image"], ["point", "label"], ["image", "label", "point"]):
        mean, stddev = client.encode(of(*names))
        q = model.encode(of(*names))
        close(mean, q.mean())
        close(stddev, q.stddev())
    close(client.translate(of("image"), to="label"), model.translate(of("image"), "label"))
    given = of("label", "point")
    close(client.translate(given, to="image"), model.translate(given, "image"))


def test_several_outputs_are_a_dictionary(model, client):
    mean = model.encode(X).mean().numpy()
    decoded = model.decode(mean).mean()
    for ours in (client.decode(mean), client.reconstruct(X)):
        assert set(ours) == set(X)
        for name, array in ours.items():
            close(array, decoded[name])
    moved = client.traverse(X, dimensions=[2], values=[0.5, -0.5])
    mean[:, 2] = -0.5
    for name, array in model.decode(mean).mean().items():
        assert moved[name].shape == (4, 1, 2, *array.shape[1:])
        close(moved[name][:, 0, 1], array)
    rows = np.stack([np.full(4, 3), np.arange(4)], axis=1)
    close(client.log_likelihood(X, seed=3), client.log_likelihood(X, seed=rows))


def test_pictures_at_the_prompt(model, server, tmp_path, capsys):
    flags = [f"--address={server.address}", "--model=m"]
    for number in range(2):
        levels = (X["image"][number, ..., 0] * 255).astype(np.uint8)
        Image.fromarray(levels).save(tmp_path / f"{number}.png")
    files = [str(tmp_path / "0.png"), str(tmp_path / "1.png")]
    assert command.main(["encode", *files, *flags]) == 0
    mean = np.array(json.loads(capsys.readouterr().out)["mean"])
    close(mean, model.encode({"image": X["image"][:2]}).mean())
    assert command.main(["reconstruct", *files, *flags, f"--output={tmp_path}/r.png"]) == 0
    with Image.open(tmp_path / "r-1.png") as image:
        decoded = model.decode(mean.astype(np.float32)).mean()["image"][1, ..., 0]
        np.testing.assert_allclose(np.asarray(image) / 255, decoded, atol=0.6 / 255)


def test_samples(model, client):
    latent, decoded = client.sample(4, seed=5)
    close(latent, model.sample_latent(np.stack([np.full(4, 5), np.arange(4)], axis=1)))
    close(decoded["point"], model.decode(latent).mean()["point"])
    one = {"image": X["image"][:1]}
    latent, decoded = client.sample(4, seed=5, given=one)
    assert decoded["image"].shape == (4, 8, 8, 1)
    repeated, _ = client.sample(4, seed=5, given={"image": np.repeat(one["image"], 4, axis=0)})
    close(latent, repeated)
    assert np.ptp(latent, axis=0).min() > 0
