"""Plans a folder of prepared records, and checks which plan a folder belongs to."""

import contextlib
import fcntl
import functools
import json
import math
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import tfvae
from storage import atomic
from tfvae.construction import construct
from tfvae.data import manifest, record_writing
from tfvae.data.manifest import Manifest, Shard
from trainers.runs.run_directory import RunError

_SHARD_BYTES = 64 << 20
_FEWEST_EXAMPLES = 1000  # of a shard, if there are several
_SHARDS = 16  # at least, if each gets the fewest examples


def plan(
    sources: Mapping[str, Mapping[str, Any]], dtype: str, encoding: str, num_shards: int
) -> Manifest:
    """Returns the manifest of the records to make; reads only as much of the data as it needs.

    Args:
        sources: name and arguments of a data set for each split.
        dtype: "uint8", "float32" or "auto".
        encoding: "raw" or "png".
        num_shards: shards of each split; 0: chosen by its size.

    Raises:
        ValueError: if a name, argument, data set or flag does not work.
    """
    data = {split: data_set(json.dumps(spec)) for split, spec in sources.items()}
    for split, one in data.items():
        record_writing.check_writable(one, f"{sources[split]['name']} ({split})")
    first = next(iter(data.values()))
    shape = tuple(first.image_shape)
    for split, one in data.items():
        if tuple(one.image_shape) != shape:
            raise ValueError(f"split {split} has shape {one.image_shape}, the first one {shape}")
    if dtype == "auto":
        found = {record_writing.find_dtype(one) for one in data.values()}
        dtype = "uint8" if found == {"uint8"} else "float32"
    if encoding == "png" and (dtype != "uint8" or len(shape) != 3 or shape[-1] not in (1, 3)):
        raise ValueError(
            f"--encoding=png is for 8-bit images of 1 or 3 channels; these are {dtype} of shape "
            f"{list(shape)}: leave it out"
        )
    value_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    return Manifest(
        {split: dict(spec) for split, spec in sources.items()},
        shape,
        dtype,
        encoding,
        _factors(first) if len(data) == 1 else {},
        {
            split: _shards(split, one.num_examples, value_bytes, num_shards)
            for split, one in data.items()
        },
    )


def _factors(data: tfvae.data.Dataset) -> dict[str, int]:
    if not isinstance(data, tfvae.data.GroundTruthDataset):
        return {}
    return dict(zip(data.factor_names, map(int, data.factor_sizes), strict=True))


def _shards(split: str, examples: int, example_bytes: int, count: int) -> list[Shard]:
    if count > examples:
        raise ValueError(f"--shards is {count}; split {split} has only {examples} examples")
    by_number = min(_SHARDS, examples // _FEWEST_EXAMPLES)
    count = count or max(1, by_number, math.ceil(examples * example_bytes / _SHARD_BYTES))
    ends = [examples * (i + 1) // count for i in range(count)]
    return [
        Shard(f"{split}-{i:05}-of-{count:05}.tfrecord", end - start)
        for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
    ]


@contextlib.contextmanager
def claimed(directory: pathlib.Path, planned: Manifest) -> Iterator[Manifest]:
    """Locks `directory` for the records of `planned`; yields its manifest so far.

    Raises:
        RunError: if it belongs to another plan (the differences are named), has other files,
            cannot be written, or another process is at work on it.
    """
    finished, begun = directory / manifest.MANIFEST_FILE, directory / manifest.PARTIAL_FILE
    current = next((manifest.read(path) for path in (finished, begun) if path.is_file()), None)
    if current is None and directory.exists() and any(directory.iterdir()):
        raise RunError(
            f"--output={directory} holds files already, and no manifest of prepared records; give "
            "another folder, or an empty one"
        )
    if current is not None and current.planned != planned:
        raise RunError(
            f"--output={directory} holds other records:\n{_differences(current.planned, planned)}\n"
            "Give another --output, or the flags and data it was started with"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if current is None:
            manifest.write(begun, planned)
        lock = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise RunError(f"--output={directory} cannot be written: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for leftover in directory.glob(f".*{atomic.SUFFIX}"):
            leftover.unlink()
        yield current or planned
    except BlockingIOError as error:
        raise RunError(f"--output={directory}: another process is at work on it") from error
    finally:
        os.close(lock)


def _differences(current: Manifest, requested: Manifest) -> str:
    def summary(m: Manifest) -> dict[str, Any]:
        splits = {
            split: f"{sum(s.records for s in shards)} examples in {len(shards)} shards"
            for split, shards in m.splits.items()
        }
        return {**m._asdict(), "splits": splits}

    pairs = zip(summary(current).items(), summary(requested).values(), strict=True)
    return "\n".join(
        f"  {field}: {a!r} there, {b!r} requested" for (field, a), b in pairs if a != b
    )


@functools.lru_cache(maxsize=2)  # one for each split
def data_set(source: str) -> tfvae.data.Dataset:
    """Returns the data set with the name and arguments in `source`, JSON."""
    return construct(json.loads(source), "tfvae.data", "config.data")
