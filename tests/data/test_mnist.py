import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.data.reader_checks import assert_reader, images_of
from tfvae import noise
from tfvae.data import MNIST

SHARED = pathlib.Path(__file__).parents[2].parent / "shared" / "data"


def scaled(images):
    return images[..., None] / np.float32(255)


def test_splits(directory, arrays):
    train, test = MNIST(path=directory), MNIST("test", path=directory / "mnist.npz")
    assert_reader(train, scaled(arrays["x_train"]))
    assert_reader(test, scaled(arrays["x_test"]))
    np.testing.assert_array_equal(test.labels, arrays["y_test"])
    whole = MNIST("all", path=directory)
    np.testing.assert_array_equal(
        images_of(whole), np.concatenate(list(map(images_of, (train, test))))
    )
    np.testing.assert_array_equal(whole.labels, np.concatenate([train.labels, test.labels]))


def test_data_directory_of_the_environment(directory, arrays, monkeypatch):
    monkeypatch.setenv("TFVAE_DATA_DIR", str(directory))
    assert_reader(MNIST(), scaled(arrays["x_train"]))


@pytest.mark.parametrize("data_dir", [None, "empty"])
def test_through_keras(arrays, monkeypatch, tmp_path, data_dir):
    monkeypatch.delenv("TFVAE_DATA_DIR", raising=False)
    if data_dir:
        monkeypatch.setenv("TFVAE_DATA_DIR", str(tmp_path))
    pairs = [(arrays[f"x_{split}"], arrays[f"y_{split}"]) for split in ("train", "test")]
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: pairs)
    assert_reader(MNIST(), scaled(arrays["x_train"]))


def test_missing_file(monkeypatch, tmp_path):
    def fail():
        raise Exception("URL fetch failure on https://example.org")  # as Keras does

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    monkeypatch.setenv("TFVAE_DATA_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(FileNotFoundError) as error:
        MNIST()
    for part in ("mine", "keras/datasets", "URL fetch failure", "set TFVAE_DATA_DIR", "path="):
        assert part in str(error.value)


def test_dynamic_binarisation_is_a_bernoulli_draw_of_the_seeds(directory):
    data = MNIST(binarisation="dynamic", path=directory)
    gray = images_of(data)[:1]
    assert len(np.unique(gray)) > 2
    indices = tf.zeros([2000], tf.int64)
    seeds = noise.seed_rows(3, 2000)
    shown = data.examples(indices, seeds).numpy()
    assert set(np.unique(shown)) == {0, 1}
    error = shown.mean(axis=0) - gray[0]
    deviation = np.sqrt(gray[0] * (1 - gray[0]) / 2000)
    assert (np.abs(error) <= 5 * deviation + 1e-7).all()
    assert 0.8 < np.std(error[deviation > 0] / deviation[deviation > 0]) < 1.2
    # Neither pixels nor repetitions are correlated.
    rows = shown.reshape(2000, -1)
    assert len(np.unique(rows, axis=0)) == 2000
    correlation = np.corrcoef(rows[:, (gray.ravel() > 0.2) & (gray.ravel() < 0.8)].T)
    assert np.abs(correlation - np.eye(len(correlation))).max() < 6 / np.sqrt(2000)
    np.testing.assert_array_equal(shown[7:8], data.examples(indices[:1], seeds[7:8]))


def test_dynamic_pipeline_resumes_and_epoch_is_repeatable(directory):
    data = MNIST(binarisation="dynamic", path=directory)
    whole = [b.numpy() for b in data.batches(5, seed=0).take(4)]
    resumed = [b.numpy() for b in data.batches(5, seed=0, start_step=2).take(2)]
    np.testing.assert_array_equal(whole[2:], resumed)
    first, second = (np.concatenate(list(data.epoch(size))) for size in (5, 12))
    np.testing.assert_array_equal(first, second)
    assert (first != np.concatenate(list(data.epoch(5, seed=1)))).any()


def test_fixed_binarisation_belongs_to_the_image(directory):
    train, test, whole = (
        MNIST(split, "fixed", path=directory) for split in ("train", "test", "all")
    )
    images = images_of(train)
    assert set(np.unique(images)) == {0, 1}
    assert_reader(train, images)
    np.testing.assert_array_equal(images_of(whole)[: len(images)], images)
    np.testing.assert_array_equal(images[[3]], images_of(train, [3]))
    assert (images_of(test)[0] != images_of(train)[0]).any()
    gray = images_of(MNIST(path=directory))
    assert abs((images - gray).mean()) < 5 * 0.5 / np.sqrt(images.size)


def test_errors(directory, arrays):
    with pytest.raises(
        ValueError, match="split is 'dev'; it must be one of 'all', 'train', 'test'"
    ):
        MNIST("dev", path=directory)
    with pytest.raises(ValueError, match="binarisation is 'yes'; it must be one of 'none'"):
        MNIST(binarisation="yes", path=directory)
    with pytest.raises(FileNotFoundError, match=r"path: there is no file .*gone"):
        MNIST(path=directory / "gone")
    np.savez(directory / "part.npz", x_train=arrays["x_train"])
    with pytest.raises(
        ValueError, match=r"part\.npz has no y_train, x_test, y_test; .* has x_train"
    ):
        MNIST(path=directory / "part.npz")
    np.savez(directory / "shape.npz", **{**arrays, "x_test": arrays["x_test"][:, :27]})
    with pytest.raises(ValueError, match=r"x_test is uint8 \[5, 27, 28\]; .* \[5, 28, 28\]"):
        MNIST(path=directory / "shape.npz")
    (directory / "cut.npz").write_bytes((directory / "mnist.npz").read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"cut\.npz cannot be read as an .npy or .npz"):
        MNIST(path=directory / "cut.npz")


def test_real_digits():
    directory = pathlib.Path(os.environ.get("TFVAE_DATA_DIR", SHARED))
    if not (directory / "mnist.npz").is_file():
        pytest.skip(f"no mnist.npz in {directory} (set TFVAE_DATA_DIR)")
    train, test = MNIST("train", path=directory), MNIST("test", path=directory)
    assert (train.num_examples, test.num_examples) == (60_000, 10_000)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    batch = next(iter(train.batches(100, seed=0))).numpy()
    assert 0.08 < batch.mean() < 0.2
    assert batch.max() == 1
