"""Writes a data set as TFRecord files of tf.train.Example."""

import io
import pathlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from storage import atomic
from tfvae import noise
from tfvae.data import manifest
from tfvae.data.dataset import Dataset
from tfvae.data.example_images import SHAPE_FEATURES
from tfvae.data.manifest import Shard
from tfvae.data.multimodal_dataset import MultimodalDataset
from tfvae.data.pixel_values import SCALE_8_BIT, Range, check_floats
from tfvae.data.record_files import RecordFiles, framed

DTYPES = ("uint8", "float32")
ENCODINGS = ("raw", "png")
_NUM_INSPECTED = 256  # examples inspected to find the dtype
_CHUNK_SIZE = 256  # examples in memory


def check_writable(data: Dataset, name: str) -> None:
    """Checks that the examples of `data` can be stored as records.

    Args:
        data: the data set.
        name: name of the data set in error messages.

    Raises:
        ValueError: if examples have several modalities, or are sampled each time they are shown,
            such as dynamically binarised ones.
    """
    if isinstance(data, MultimodalDataset):
        raise ValueError(
            f"{name} has several modalities ({', '.join(data.shapes)}); a record has one tensor: "
            "prepare each modality separately"
        )
    numbers = tf.range(min(16, data.num_examples), dtype=tf.int64)
    shown = data.examples(numbers, noise.seed_rows(0, len(numbers)))
    if not np.array_equal(shown, data.gather(numbers)):
        raise ValueError(
            f"{name} samples its examples each time they are shown, and records cannot; turn that "
            "off, for MNIST with binarisation='none' or 'fixed'"
        )


def find_dtype(data: Dataset) -> str:
    """Returns "uint8" if a sample of the examples is 8-bit scaled to [0, 1], else "float32"."""
    limit = min(_NUM_INSPECTED, data.num_examples)
    examples = next(iter(data.epoch(_NUM_INSPECTED, limit=limit)))
    return "uint8" if _levels(examples.numpy()) is not None else "float32"


def write_shard(
    data: Dataset, first: int, file: pathlib.Path, records: int, dtype: str, encoding: str
) -> Shard:
    """Writes `records` examples to a file atomically; it survives a power failure.

    Args:
        data: the data set.
        first: number of the first example.
        file: the file.
        records: number of examples.
        dtype: one of DTYPES, the stored type.
        encoding: one of ENCODINGS; "png" needs uint8 images.

    Raises:
        ValueError: if `dtype` cannot represent an example, or one is not finite (it is named).
        OSError: if the file cannot be written.
    """
    with atomic.replacing(file, durable=True) as partial:
        with open(partial, "wb") as stream:
            for start in range(first, first + records, _CHUNK_SIZE):
                end = min(start + _CHUNK_SIZE, first + records)
                numbers = tf.range(start, end, dtype=tf.int64)
                examples = data.gather(numbers).numpy()
                for record in _serialised(examples, start, dtype, encoding, data.range):
                    stream.write(framed(record))
        shard = Shard(file.name, records, partial.stat().st_size, manifest.checksum(partial))
    return shard


def written_shard(file: pathlib.Path, records: int) -> Shard | None:
    """Returns a file as a shard; None if it is missing, damaged or not `records` long."""
    try:
        written = RecordFiles([file])
        for number in range(written.num_records):
            written.read(number)
    except (OSError, ValueError):
        return None
    if written.num_records != records:
        return None
    return Shard(file.name, records, file.stat().st_size, manifest.checksum(file))


def _serialised(
    examples: np.ndarray, first: int, dtype: str, encoding: str, value_range: Range | None
) -> Iterator[bytes]:
    """Yields the examples as tf.train.Examples: the image and its shape."""

    def name(number: int) -> str:
        return f"example {first + number}"

    rank = examples.ndim - 1
    if dtype == "uint8":
        levels = _levels(examples)
        if levels is None:
            raise ValueError(
                f"examples {first} to {first + len(examples) - 1} have values that are not 8-bit "
                "(k / 255), unlike the sample inspected; pass --dtype=float32"
            )
        examples = levels
    else:
        check_floats(
            examples,
            name,
            value_range if rank == 3 else None,
            "; or set the data set's attribute range = None",
        )
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
    """Returns values k / 255 as k, uint8; None if a value is not of this form."""
    scaled = np.rint(examples * 255)
    if not ((scaled >= 0) & (scaled <= 255)).all():
        return None
    levels = scaled.astype(np.uint8)
    # k / 255 and k * (1 / 255) may differ by the last bit of a float32.
    same = np.abs(levels * SCALE_8_BIT - examples) <= np.finfo(np.float32).eps
    return levels if same.all() else None
