"""Reading prepared folders."""

import json

import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.data.reader_checks import READ_ERRORS, assert_disjoint_splits, assert_reader, images_of
from tfvae.data import Arrays, TFRecords, manifest, record_writing
from tfvae.data.manifest import Manifest, Shard

IMAGES = np.random.default_rng(0).integers(0, 256, [11, 6, 5, 3], dtype=np.uint8)
FLOATS = (IMAGES / 255).astype(np.float32)
CORNERS = {"shape": 2, "scale": 5, "orientation": 0}


def prepared(directory, data, sizes, dtype="uint8", encoding="raw", factors=None):
    """A folder of shards of the given sizes, for each split."""
    directory.mkdir()
    splits, first = {}, 0
    for split, counts in sizes.items():
        splits[split] = []
        for number, count in enumerate(counts):
            file = directory / f"{split}-{number}.tfrecord"
            splits[split].append(
                record_writing.write_shard(data, first, file, count, dtype, encoding)
            )
            first += count
    manifest.write(
        directory / manifest.MANIFEST_FILE,
        Manifest({}, tuple(data.image_shape), dtype, encoding, factors or {}, splits),
    )
    return directory


@pytest.fixture
def folder(tmp_path):
    return prepared(tmp_path / "records", Arrays(IMAGES), {"all": [4, 6, 1]})


@pytest.mark.parametrize(
    ("dtype", "encoding"), [("uint8", "raw"), ("uint8", "png"), ("float32", "raw")]
)
def test_what_was_written_is_read(tmp_path, dtype, encoding):
    folder = prepared(tmp_path / "records", Arrays(FLOATS), {"all": [4, 7]}, dtype, encoding)
    assert_reader(TFRecords(folder), FLOATS)
    assert_reader(TFRecords(f"{folder}/all-*.tfrecord"), FLOATS)  # others read it as well


@pytest.mark.parametrize("shape", [(), (3,), (3, 2), (3, 2, 4), (3, 2, 2, 1)])
def test_unbounded_values_of_any_shape(tmp_path, shape):
    values = np.random.default_rng(0).normal(size=(12, 5, *shape)).astype(np.float32)
    data = Arrays(values, range=None, add_channel=False)
    folder = prepared(tmp_path / "records", data, {"all": [12]}, "float32")
    assert_reader(TFRecords(folder), values)
    files = {"pattern": f"{folder}/*.tfrecord", "image_shape": (5, *shape)}
    assert_reader(TFRecords(**files, range=None), values)
    with pytest.raises(ValueError, match=r"is outside \[0, 1\].* or pass range=None"):
        TFRecords(**files)


def test_splits_are_those_prepared_or_drawn(folder, tmp_path):
    assert_disjoint_splits(lambda split: TFRecords(folder, split=split), FLOATS)
    two = prepared(tmp_path / "two", Arrays(IMAGES), {"train": [4, 4], "test": [3]})
    assert_reader(TFRecords(two, split="train"), FLOATS[:8])
    assert_reader(TFRecords(two, split="test"), FLOATS[8:])
    assert_reader(TFRecords(two), FLOATS)


def test_factors_are_kept(tmp_path):
    hearts = tfvae.data.FixedFactors(tfvae.data.Shapes2D(), CORNERS)
    factors = {"position_x": 32, "position_y": 32}
    folder = prepared(tmp_path / "records", hearts, {"all": [500, 524]}, factors=factors)
    data = TFRecords(folder)
    assert isinstance(data, tfvae.data.GroundTruthDataset)
    assert (data.factor_names, data.factor_sizes) == (hearts.factor_names, hearts.factor_sizes)
    rows = data.sample_factors(5, seed=0)
    np.testing.assert_array_equal(data.images(rows), hearts.images(rows))
    assert not isinstance(TFRecords(folder, split="train"), tfvae.data.GroundTruthDataset)


def test_damaged_shard_is_named_at_open(folder):
    path = folder / "all-1.tfrecord"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-20] ^= 1  # in the last image
    path.write_bytes(flipped)
    with pytest.raises(ValueError, match=r"all-1\.tfrecord is damaged: its checksum is \w{8}, the"):
        TFRecords(folder)
    data = TFRecords(folder, verify_checksums=False)
    images_of(data, range(9))
    with pytest.raises(READ_ERRORS, match=r"all-1\.tfrecord, record 5, is damaged"):
        images_of(data, [9])
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=rf"all-1\.tfrecord is damaged: it has {len(whole) - 1} "):
        TFRecords(folder, verify_checksums=False)
    path.unlink()
    with pytest.raises(
        ValueError, match=r"all-1\.tfrecord is missing.*rerun the same trainers\.prepare"
    ):
        TFRecords(folder)
    path.write_bytes(whole)
    assert_reader(TFRecords(folder), FLOATS)


def test_split_that_is_not_read_is_not_verified(tmp_path):
    two = prepared(tmp_path / "two", Arrays(IMAGES), {"train": [8], "test": [3]})
    (two / "test-0.tfrecord").unlink()
    assert TFRecords(two, split="train").num_examples == 8


def test_folders_that_are_not_prepared(folder, tmp_path):
    path = folder / manifest.MANIFEST_FILE
    text = path.read_text()
    for broken in (
        text[:-20],
        "[]",
        text.replace('"records"', '"rows"'),
        text.replace('"format": 1', '"format": 9'),
        json.dumps({"format": 1}),
    ):
        path.write_text(broken)
        with pytest.raises(
            ValueError, match=r"manifest\.json is not a manifest of prepared records"
        ):
            TFRecords(folder)
    path.rename(folder / manifest.PARTIAL_FILE)
    with pytest.raises(ValueError, match="incomplete: its preparation was stopped; rerun the same"):
        TFRecords(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ValueError, match=r"empty is a folder without a manifest\.json; give a folder"
    ):
        TFRecords(tmp_path / "empty")


def test_examples_that_cannot_be_kept(tmp_path):
    file = tmp_path / "a.tfrecord"
    data = Arrays(np.where(np.arange(11)[:, None, None] == 7, 0.3, FLOATS[..., 0]))
    with pytest.raises(ValueError, match=r"examples 2 to 10 have values that are not 8-bit"):
        record_writing.write_shard(data, 2, file, 9, "uint8", "raw")
    points = tfvae.data.Pinwheel(points_per_arm=3)
    points._points = tf.tensor_scatter_nd_update(points._points, [[5, 0]], [np.nan])
    with pytest.raises(ValueError, match="example 5 has NaN or infinite values"):
        record_writing.write_shard(points, 0, file, 12, "float32", "raw")
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_are_kept_exactly(folder):
    np.testing.assert_array_equal(images_of(TFRecords(folder)), images_of(Arrays(IMAGES)))


def test_eight_bits_are_detected():
    assert record_writing.find_dtype(Arrays(IMAGES)) == "uint8"
    assert record_writing.find_dtype(Arrays(FLOATS)) == "uint8"
    assert record_writing.find_dtype(Arrays(FLOATS * 0.999)) == "float32"


@pytest.mark.parametrize("step", [-1, 0, 3])
def test_a_file_that_is_not_the_shard_is_detected(folder, step):
    file = folder / "all-1.tfrecord"
    shard = manifest.read(folder / manifest.MANIFEST_FILE).shards("all")[1]
    assert record_writing.written_shard(file, 6) == shard == Shard(*shard)
    assert record_writing.written_shard(file, 5) is None
    data = bytearray(file.read_bytes())
    data[-20 + step] ^= 1
    file.write_bytes(data)
    assert record_writing.written_shard(file, 6) is None
    assert record_writing.written_shard(folder / "gone", 6) is None
