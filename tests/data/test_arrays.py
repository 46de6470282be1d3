import numpy as np
import pytest
import tensorflow as tf

from tests.data.reader_checks import assert_disjoint_splits, assert_reader, images_of
from tfvae.data import Arrays

BYTES = np.random.default_rng(0).integers(0, 256, [20, 4, 5, 3], dtype=np.uint8)
FLOATS = (BYTES / 255).astype(np.float32)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (BYTES, FLOATS),
        (FLOATS, FLOATS),
        (FLOATS.astype(np.float64), FLOATS),
        (BYTES[..., 0], FLOATS[..., :1]),
        (BYTES > 99, (BYTES > 99).astype(np.float32)),
    ],
    ids=["uint8", "float32", "float64", "no channel", "bool"],
)
def test_array(array, expected):
    assert_reader(Arrays(array), expected)


def test_files(tmp_path):
    np.save(tmp_path / "a.npy", BYTES)
    np.savez(tmp_path / "one.npz", images=BYTES)
    np.savez(tmp_path / "two.npz", labels=np.zeros(3), images=BYTES)
    assert_reader(Arrays(tmp_path / "a.npy"), FLOATS)
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
        (BYTES.astype(np.int64), "dtype int64; it must be uint8 .* or float"),
        (BYTES // 128, r"uint8 with values 0 and 1.* array.astype\(bool\)"),
        (BYTES[0, 0], r"shape \[5, 3\]; it must be \[N, H, W, C\]"),
        (BYTES[:0], r"shape \[0, 4, 5, 3\]; .* not empty"),
    ],
    ids=["nan", "inf", "range", "0 ... 255", "dtype", "0 and 1", "shape", "empty"],
)
def test_bad_values(array, message):
    with pytest.raises(ValueError, match=message):
        Arrays(array)


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
