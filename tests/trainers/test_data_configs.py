"""Configs for a user's folder of images, tested on a folder with images of the published size."""

import importlib

import numpy as np
import pytest
from PIL import Image

from trainers.records import preparation, record_plan
from trainers.runs.construct import build_data, build_model


@pytest.mark.parametrize(
    ("name", "height", "width", "channels"),
    [
        ("factor_vae_chairs3d", 600, 600, 1),
        ("factor_vae_faces3d", 72, 64, 1),
        ("factor_vae_celeba", 218, 178, 3),
        ("vae_images", 90, 120, 3),
    ],
)
def test_folder_of_published_pictures(name, height, width, channels, tmp_path):
    config = importlib.import_module(f"trainers.configs.{name}").get_config()
    with pytest.raises(ValueError, match="path is empty; give the folder of the images"):
        build_data(config)
    (tmp_path / "some").mkdir()
    for number in range(10):
        picture = np.full([height, width, 3], 20 * number, np.uint8)
        Image.fromarray(picture).save(tmp_path / "some" / f"{number}.png")
    config.data.path = str(tmp_path)
    train, test = build_data(config)
    assert (train.num_examples, test.num_examples) == (9, 1)
    assert train.image_shape == (64, 64, channels)
    model = build_model(config, train)
    images = next(iter(train.batches(4, seed=0)))
    assert np.isfinite(model.elbo(images)).all()


def test_prepared_records(tmp_path):
    config = importlib.import_module("trainers.configs.vae_records").get_config()
    with pytest.raises(FileNotFoundError, match="pattern: no file matches"):
        build_data(config)
    np.save(tmp_path / "images.npy", np.zeros([20, 64, 64, 3], np.uint8))
    spec = {"name": "Arrays", "source": str(tmp_path / "images.npy")}
    sources = {split: {**spec, "split": split} for split in ("train", "test")}
    planned = record_plan.plan(sources, "auto", "raw", 0)
    with record_plan.claimed(tmp_path / "records", planned) as claim:
        preparation.prepare(tmp_path / "records", claim, 1, print)
    config.data.pattern = str(tmp_path / "records")
    train, test = build_data(config)
    assert (train.num_examples, test.num_examples) == (18, 2)
    model = build_model(config, train)
    assert np.isfinite(model.elbo(next(iter(train.batches(4, seed=0))))).all()


@pytest.mark.parametrize("name", ["beta_vae_shapes3d", "factor_vae_shapes3d"])
def test_rendered_3d_shapes(name):
    config = importlib.import_module(f"trainers.configs.{name}").get_config()
    data, _ = build_data(config)
    model = build_model(config, data)
    assert model.data_shape == (64, 64, 3)
    assert np.isfinite(model.elbo(next(iter(data.batches(4, seed=0))))).all()
