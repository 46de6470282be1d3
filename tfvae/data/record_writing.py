"""Examples of a data set written as TFRecord files of tf.train.Example."""

import io
import os
import pathlib
import uuid
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.data import manifest
from tfvae.data.dataset import Dataset
from tfvae.data.example_images import SHAPE_FEATURES
from tfvae.data.manifest import Shard
from tfvae.data.multimodal_dataset import MultimodalDataset
from tfvae.data.pixel_values import SCALE_8_BIT, check_float_images
from tfvae.data.record_files import RecordFiles, framed

DTYPES = ("uint8", "float32")
ENCODINGS = ("raw", "png")
PARTIAL_SUFFIX = ".partial"  # of files that are being written
_LOOKED_AT = 256  # examples, for what is true of all
_AT_ONCE = 256  # examples in memory


def check_writable(data: Dataset, name: str) -> None:
    """Checks that records can hold what `data` shows.

    Args:
        data: the data set.
        name: what errors call it.

    Raises:
        ValueError: for dictionaries of modalities, and for examples that are drawn at each
            showing, such as dynamically binarised ones.
    """
    if isinstance(data, MultimodalDataset):
        raise ValueError(
            f"{name} has examples of several modalities ({', '.join(data.shapes)}); records hold "
            "one tensor each: prepare the modalities one by one"
        )
    numbers = tf.range(min(16, data.num_examples), dtype=tf.int64)
    shown = data.examples(numbers, noise.seed_rows(0, len(numbers)))
    if not np.array_equal(shown, data.gather(numbers)):
        raise ValueError(
            f"{name} draws its examples at each showing, and records would hold one draw or none; "
            "turn that off, as MNIST does with binarisation='none' or 'fixed'"
        )


def find_dtype(data: Dataset) -> str:
    """Returns "uint8" where examples looked at are 8-bit values scaled to [0, 1], else "float32".

    They are the first ones of an even draw from all.
    """
    examples = next(iter(data.epoch(_LOOKED_AT, limit=min(_LOOKED_AT, data.num_examples))))
    return "uint8" if _levels(examples.numpy()) is not None else "float32"


def write_shard(
    data: Dataset, first: int, file: pathlib.Path, records: int, dtype: str, encoding: str
) -> Shard:
    """Writes examples `first` and so on to a file: beside, made durable, then renamed.

    Args:
        data: the data set.
        first: number of the first example.
        file: the file.
        records: number of examples.
        dtype: one of DTYPES, how values are kept.
        encoding: one of ENCODINGS; "png" is for uint8 images.

    Raises:
        ValueError: for an example that `dtype` cannot hold, or one that is not finite (named).
        OSError: where the file cannot be written.
    """
    partial = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}{PARTIAL_SUFFIX}")
    try:
        with open(partial, "wb") as stream:
            for start in range(first, first + records, _AT_ONCE):
                numbers = tf.range(start, min(start + _AT_ONCE, first + records), dtype=tf.int64)
                examples = data.gather(numbers).numpy()
                for record in _serialised(examples, start, dtype, encoding):
                    stream.write(framed(record))
        manifest.make_durable(partial)
        shard = Shard(file.name, records, partial.stat().st_size, manifest.checksum(partial))
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
    return shard


def written_shard(file: pathlib.Path, records: int) -> Shard | None:
    """Returns a file as a shard, None where it is missing, damaged or not of `records` records."""
    try:
        held = RecordFiles([file])
        for number in range(held.num_records):
            held.read(number)
    except (OSError, ValueError):
        return None
    if held.num_records != records:
        return None
    return Shard(file.name, records, file.stat().st_size, manifest.checksum(file))


def _serialised(examples: np.ndarray, first: int, dtype: str, encoding: str) -> Iterator[bytes]:
    """The examples as tf.train.Examples: the image, and its shape."""

    def name(number: int) -> str:
        return f"example {first + number}"

    rank = examples.ndim - 1
    if dtype == "uint8":
        levels = _levels(examples)
        if levels is None:
            raise ValueError(
                f"examples {first} to {first + len(examples) - 1} have values that are not of 8 "
                "bits (k / 255), unlike those looked at before; give --dtype=float32"
            )
        examples = levels
    elif rank == 3:
        check_float_images(examples, name)
    elif not np.isfinite(examples).all():
        broken = ~np.isfinite(examples.reshape(len(examples), -1)).all(axis=1)
        raise ValueError(f"{name(int(broken.argmax()))} has NaN or infinite values")
    for example in examples:
        record = tf.train.Example()
        features = record.features.feature
        if dtype != "uint8":
            features["image"].float_list.value.extend(example.ravel())
        elif encoding == "png":
            features["image"].bytes_list.value.append(_png(example))
        else:
            features["image"].bytes_list.value.append(example.tobytes())
        if rank == 3:
            for feature, size in zip(SHAPE_FEATURES, example.shape, strict=True):
                features[feature].int64_list.value.append(size)
        yield record.SerializeToString(deterministic=True)


def _png(image: np.ndarray) -> bytes:
    from PIL import Image  # noqa: PLC0415

    stream = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(stream, "PNG")
    return stream.getvalue()


def _levels(examples: np.ndarray) -> np.ndarray | None:
    """The integers that values stand for, uint8; None where one is not such a value."""
    scaled = np.rint(examples * 255)
    if not ((scaled >= 0) & (scaled <= 255)).all():
        return None
    levels = scaled.astype(np.uint8)
    # k / 255 and k * (1 / 255) may differ by the last bit of a float32.
    same = np.abs(levels * SCALE_8_BIT - examples) <= np.finfo(np.float32).eps
    return levels if same.all() else None
