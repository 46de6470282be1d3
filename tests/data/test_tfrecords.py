import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.data.reader_checks import READ_ERRORS, assert_disjoint_splits, assert_reader, images_of
from tfvae.data import TFRecords

IMAGES = np.random.default_rng(0).integers(0, 256, [11, 6, 5, 3], dtype=np.uint8)
FLOATS = (IMAGES / 255).astype(np.float32)


def integers(*values):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def bytes_of(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def floats_of(image):
    return tf.train.Feature(float_list=tf.train.FloatList(value=image.ravel()))


def png(image, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind)
    return stream.getvalue()


def write(path, records, compression=None):
    """Writes dictionaries of features, or raw records."""
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            if isinstance(record, dict):
                features = tf.train.Features(feature=record)
                writer.write(tf.train.Example(features=features).SerializeToString())
            else:
                writer.write(record)
    return path


def png_records(images=IMAGES):
    return [{"image": bytes_of(png(image)), "label": integers(3)} for image in images]


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "a.tfrecord", png_records())


SHAPE = {"height": integers(6), "width": integers(5), "depth": integers(3)}


@pytest.mark.parametrize(
    ("feature", "more", "arguments"),
    [
        (lambda i: bytes_of(png(IMAGES[i])), {}, {}),
        (lambda i: bytes_of(IMAGES[i].tobytes()), SHAPE, {}),
        (lambda i: bytes_of(IMAGES[i].tobytes()), {}, {"image_shape": (6, 5, 3)}),
        (
            lambda i: bytes_of(IMAGES[i].tobytes()),
            {"size": integers(6, 5, 3)},
            {"shape_features": ["size"]},
        ),
        (lambda i: floats_of(FLOATS[i]), SHAPE, {}),
        (lambda i: floats_of(FLOATS[i]), {}, {"image_shape": [6, 5, 3]}),
    ],
    ids=["png", "raw", "raw, shape", "raw, one feature", "floats", "floats, shape"],
)
def test_formats(tmp_path, feature, more, arguments):
    write(tmp_path / "a", [{"picture": feature(i), **more} for i in range(11)])
    assert_reader(TFRecords(tmp_path / "a", feature="picture", **arguments), FLOATS)


def test_many_files(tmp_path):
    for number, part in enumerate([IMAGES[:4], IMAGES[:0], IMAGES[4:5], IMAGES[5:]]):
        write(tmp_path / f"train-{number}.tfrecord", png_records(part))
    assert_reader(TFRecords(f"{tmp_path}/train-*.tfrecord"), FLOATS)
    lists = [tmp_path / "train-0.tfrecord", f"{tmp_path}/train-[0123].tfrecord"]
    assert_reader(TFRecords(lists), FLOATS)


def test_links_to_files(path, tmp_path):
    (tmp_path / "b.tfrecord").symlink_to(path)
    assert_reader(TFRecords(f"{tmp_path}/*.tfrecord"), FLOATS)  # each record once
    (tmp_path / "c.tfrecord").symlink_to(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match=r"c\.tfrecord is a broken link to .*gone"):
        TFRecords(f"{tmp_path}/*.tfrecord")


def test_photos_are_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.rot90(IMAGES[0]))).save(stream, "PNG", exif=exif)
    write(tmp_path / "a", [{"image": bytes_of(stream.getvalue())}])
    assert_reader(TFRecords(tmp_path / "a"), FLOATS[:1])


def test_splits(path):
    assert_disjoint_splits(lambda split: TFRecords(path, split=split), FLOATS)


def test_size_and_channels(tmp_path):
    gray = np.full([8, 16], 255, np.uint8)
    gray[:, 4:12] = 100
    write(tmp_path / "a", [{"image": bytes_of(png(gray, "JPEG"))}] * 2)
    data = TFRecords(tmp_path / "a", image_size=(4, 4), channels=3)
    assert data.image_shape == (4, 4, 3)
    np.testing.assert_allclose(images_of(data), 100 / 255, atol=0.1)


def test_truncated_file(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(
        ValueError, match=rf"a\.tfrecord, record 10, is truncated: .* needs {len(whole)} bytes"
    ):
        TFRecords(path)
    record = len(whole) // 11
    path.write_bytes(whole[: record + 5])  # within the header of the second one
    with pytest.raises(ValueError, match=r"a\.tfrecord, record \d, is truncated"):
        TFRecords(path)


def test_damaged_header(path):
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.tfrecord, record 0, has a damaged header at byte 0"):
        TFRecords(path)


def test_compressed_file(tmp_path):
    write(tmp_path / "a", png_records(), "GZIP")
    with pytest.raises(ValueError, match="write them without compression"):
        TFRecords(tmp_path / "a")


def test_damaged_data_is_named_when_read(path, tmp_path):
    write(tmp_path / "b.tfrecord", png_records())
    data = bytearray((tmp_path / "b.tfrecord").read_bytes())
    data[-20] ^= 1
    (tmp_path / "b.tfrecord").write_bytes(data)
    records = TFRecords(f"{tmp_path}/*.tfrecord")
    images_of(records, range(21))
    with pytest.raises(READ_ERRORS, match=r"b\.tfrecord, record 10, is damaged.*checksum"):
        list(records.epoch(4))


def test_file_that_shrinks_later(path):
    data = TFRecords(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(READ_ERRORS, match="record 10, is truncated"):
        images_of(data)


@pytest.mark.parametrize(
    ("record", "arguments", "message"),
    [
        (b"\xff\xff", {}, "record 0, is not a tf.train.Example"),
        (
            {"img": bytes_of(b""), "label": integers(1)},
            {},
            "record 0, has no feature 'image'; pass feature= one of img, label",
        ),
        ({"image": integers(1)}, {}, "record 0, has int64_list in feature 'image'"),
        (
            {"image": bytes_of(b"1234"), "label": integers(1)},
            {},
            r"no encoded image .* pass image_shape=\(H, W, C\).*found image, label",
        ),
        (
            {"image": bytes_of(b"1234")},
            {"image_shape": (2, 3, 1)},
            r"4 bytes in feature 'image'; shape \[2, 3, 1\] needs 6",
        ),
        (
            {"image": floats_of(FLOATS[0]), **SHAPE, "depth": integers(1)},
            {},
            r"has 90 floats in feature 'image'; shape \[6, 5, 1\] needs 30",
        ),
        (
            {"image": floats_of(FLOATS[0] * 255), **SHAPE},
            {},
            r"record 0, is outside \[0, 1\].* from 0 to 2\d\d. Scale",
        ),
        ({"image": floats_of(FLOATS[0] * np.nan), **SHAPE}, {}, "record 0, has NaN or infinite"),
    ],
    ids=["record", "feature", "kind", "shape", "bytes", "floats", "range", "nan"],
)
def test_bad_first_record_is_met_at_once(tmp_path, record, arguments, message):
    write(tmp_path / "a", [record])
    with pytest.raises(ValueError, match=message):
        TFRecords(tmp_path / "a", **arguments)


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (bytes_of(png(IMAGES[0])), bytes_of(png(IMAGES[0])[:-40]), "cannot be decoded"),
        (
            bytes_of(png(IMAGES[0])),
            bytes_of(png(IMAGES[0, 1:])),
            r"has shape \[5, 5, 3\]; it must be \[6, 5, 3\]",
        ),
        (floats_of(FLOATS[0]), floats_of(FLOATS[0] * np.nan), "has NaN or infinite"),
        (floats_of(FLOATS[0]), floats_of(FLOATS[0] * 2), r"is outside \[0, 1\]"),
        (floats_of(FLOATS[0]), integers(3), "has int64_list"),
    ],
    ids=["decode", "shape", "nan", "range", "kind"],
)
def test_bad_later_record_is_named_when_read(tmp_path, good, bad, message):
    write(tmp_path / "a", [{"image": good, **SHAPE}] * 3 + [{"image": bad, **SHAPE}])
    data = TFRecords(tmp_path / "a")
    images_of(data, range(3))
    with pytest.raises(READ_ERRORS, match=rf"/a, record 3, {message}"):
        images_of(data, [3])


def test_errors(path, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file matches .*gone-\*"):
        TFRecords(f"{tmp_path}/gone-*")
    with pytest.raises(ValueError, match=r"there are no records in .*empty"):
        TFRecords(write(tmp_path / "empty", []))
    with pytest.raises(ValueError, match="split is 'dev'; it must be one of 'all'"):
        TFRecords(path, split="dev")
    with pytest.raises(ValueError, match="channels is 4"):
        TFRecords(path, channels=4)
