import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from tests.data.reader_checks import assert_disjoint_splits, assert_reader, images_of
from tfvae.data import Arrays

BYTES = np.random.default_rng(0).integers(0, 256, [20, 4, 5, 3], dtype=np.uint8)
FLOATS = (BYTES / 255).astype(np.float32)
LEVELS = BYTES.astype(np.uint16) * 200 + 3


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (BYTES, FLOATS),
        (FLOATS, FLOATS),
        (FLOATS.astype(np.float64), FLOATS),
        (BYTES[..., 0], FLOATS[..., :1]),
        (BYTES > 99, (BYTES > 99).astype(np.float32)),
        (LEVELS, LEVELS / 65535),
        (LEVELS.astype(">u2"), LEVELS / 65535),
        (BYTES[:, 0, 0], FLOATS[:, 0, 0]),
        (BYTES[:, None], FLOATS[:, None]),
        (np.repeat(BYTES, 2, 3)[..., :4], np.repeat(FLOATS, 2, 3)[..., :4]),
    ],
    ids=[
        *("uint8", "float32", "float64", "no channel", "bool", "uint16", "big endian"),
        *("vectors", "volumes", "4 channels"),
    ],
)
def test_array(array, expected, tmp_path):
    assert_reader(Arrays(array), expected)
    np.save(tmp_path / "a.npy", array)
    assert_reader(Arrays(tmp_path / "a.npy"), expected)


def test_uint16_is_stored_as_it_is():
    data = Arrays(LEVELS)
    assert data.raw(tf.constant([0], tf.int64)).dtype == tf.uint16
    assert images_of(Arrays(np.array([[0, 256, 65535]], np.uint16))).max() == 1


@pytest.mark.parametrize("shape", [(20, 5), (20, 4, 5), (20, 4, 5, 3)])
def test_unbounded_values_and_series(shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert_reader(Arrays(values, range=None, add_channel=False), values)
    assert_reader(Arrays(values, range=(-9, 9.5), add_channel=False), values)
    with pytest.raises(ValueError, match=r"is outside \[-0.1, 1\].* or pass range=None"):
        Arrays(values, range=(-0.1, 1))


def test_map_is_never_read_whole(tmp_path):
    """Neither values nor copies of a mapped file stay in memory; its rows are read in any view."""
    path = tmp_path / "large.npy"
    large = np.lib.format.open_memmap(path, "w+", np.float64, (200, 100, 1000))
    large[:] = np.arange(200)[:, None, None] / 200
    large.flush()
    del large
    before = resident_bytes()
    data = Arrays(path, split="train")
    images_of(data, range(8))
    assert resident_bytes() - before < path.stat().st_size / 4
    part = Arrays(np.load(path, mmap_mode="r")[100:103], add_channel=False)
    expected = np.full([100, 1000], np.float32(102 / 200))
    np.testing.assert_array_equal(images_of(part, [2])[0], expected)


def resident_bytes():
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def test_files(tmp_path):
    np.savez(tmp_path / "one.npz", images=BYTES)
    np.savez(tmp_path / "two.npz", labels=np.zeros(3), images=BYTES)
    assert_reader(Arrays(str(tmp_path / "one.npz")), FLOATS)
    assert_reader(Arrays(tmp_path / "two.npz", key="images"), FLOATS)


def test_splits():
    assert_disjoint_splits(lambda split: Arrays(BYTES, split=split, test_fraction=0.2), FLOATS)


def test_white_is_one_and_graph_equals_eager():
    levels = np.arange(256, dtype=np.uint8).reshape(256, 1, 1)
    data = Arrays(levels)
    eager = images_of(data)
    assert eager.max() == 1
    np.testing.assert_array_equal(eager, np.concatenate(list(data.epoch(7))))


def test_array_is_not_a_graph_constant():
    data = Arrays(np.full([100, 64, 64, 1], 2, np.uint8))
    function = tf.function(data.gather).get_concrete_function(tf.TensorSpec([None], tf.int64))
    assert function.graph.as_graph_def().ByteSize() < 10_000


def broken(value):
    images = FLOATS.copy()
    images[7, 1, 2, 0] = value
    return images


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (broken(np.nan), r"image 7, has NaN or infinite values \(in total 1 of 20 images"),
        (broken(np.inf), "image 7, has NaN or infinite"),
        (broken(-1.5), r"image 7, is outside \[0, 1\].* from -1.5 to 1. Scale them"),
        (BYTES.astype(np.float32), r"image 0, is outside \[0, 1\].* from 0 to 255. .* x / 255"),
        (BYTES.astype(np.int64), r"dtype int64 and values from 0 to 255; .* with array / 255; "),
        (LEVELS.astype(np.int32), r"dtype int32 and values from 3 to 51003; .* array / 65535; "),
        (BYTES.astype(np.int16) - 9, r"values from -9 to 246; .* or float. For unbounded values,"),
        (BYTES.astype(complex), "dtype complex128; it must be uint8"),
        (BYTES // 128, r"uint8 with values 0 and 1.* array.astype\(bool\)"),
        (LEVELS // 40000, r"uint16 with values 0 and 1.* or array \* 65535"),
        (BYTES[0, 0, 0], r"shape \[3\]; it must be \[N, ...\]"),
        (BYTES[:0], r"shape \[0, 4, 5, 3\]; .* not empty"),
    ],
    ids=[
        *("nan", "inf", "range", "0 ... 255", "int64", "int32", "int16", "complex"),
        *("0 and 1", "16-bit 0 and 1", "shape", "empty"),
    ],
)
def test_bad_values(array, message):
    with pytest.raises(ValueError, match=message):
        Arrays(array)


def test_values_beyond_float32_are_refused():
    with pytest.raises(ValueError, match="example 1, has NaN or infinite"):
        Arrays(np.array([[0.0], [1e39]]), range=None)
    with pytest.raises(ValueError, match=r"range is \(1, 0\); it must be \(low, high\)"):
        Arrays(FLOATS, range=(1, 0))


def test_bad_values_name_the_file(tmp_path):
    np.save(tmp_path / "bad.npy", broken(np.nan))
    with pytest.raises(ValueError, match=r"bad\.npy, image 7, has NaN"):
        Arrays(tmp_path / "bad.npy")


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.npy"):
        Arrays(tmp_path / "gone.npy")
    np.savez(tmp_path / "two.npz", labels=np.zeros(3), images=BYTES)
    with pytest.raises(ValueError, match=r"two\.npz needs key= one of labels, images"):
        Arrays(tmp_path / "two.npz")
    with pytest.raises(ValueError, match="has no array 'x'; key must be one of labels, images"):
        Arrays(tmp_path / "two.npz", key="x")
    whole = (tmp_path / "two.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.npz cannot be read as an .npy or .npz"):
        Arrays(tmp_path / "cut.npz", key="images")
    np.save(tmp_path / "whole.npy", BYTES)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-9])
    (tmp_path / "text.npy").write_text("images")
    for name in ("cut.npy", "text.npy"):
        with pytest.raises(ValueError, match=rf"{name} cannot be read as an .npy or .npz"):
            Arrays(tmp_path / name)


def test_unknown_split():
    with pytest.raises(ValueError, match="split is 'dev'; it must be one of 'all'"):
        Arrays(BYTES, split="dev")
