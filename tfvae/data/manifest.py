"""The manifest of prepared records: lists the shards with checksums to detect damage."""

import json
import os
import pathlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from storage import atomic

MANIFEST_FILE = "manifest.json"
PARTIAL_FILE = "manifest.unfinished.json"  # until every shard is written
_FORMAT = 1
_BLOCK = 1 << 20
_MEND = "rerun the same trainers.prepare command to rebuild missing and damaged files"


class Shard(NamedTuple):
    """One TFRecord file.

    Attributes:
        file: file name.
        records: number of records, one example each.
        bytes: file size; 0 if not known yet.
        crc32c: checksum of the whole file, 8 hexadecimal digits; "" if not known yet.
    """

    file: str
    records: int
    bytes: int = 0
    crc32c: str = ""


class Manifest(NamedTuple):
    """Contents of a folder of prepared records.

    Attributes:
        source: name and arguments of the converted data set, for each split.
        shape: shape of one example, (H, W, C) for an image.
        dtype: "uint8" (0 ... 255, scaled to [0, 1] when read) or "float32".
        encoding: "raw", H * W * C values, or "png".
        factors: factor names to sizes if the examples are all combinations of factors, the last
            varying fastest; else empty.
        splits: the shards of each split, in order: "all", or "train" and "test".
    """

    source: dict[str, Any]
    shape: tuple[int, ...]
    dtype: str
    encoding: str
    factors: dict[str, int]
    splits: dict[str, list[Shard]]

    @property
    def planned(self) -> "Manifest":
        """The manifest without file sizes and checksums, to compare plans."""
        splits = {
            name: [Shard(shard.file, shard.records) for shard in shards]
            for name, shards in self.splits.items()
        }
        return self._replace(splits=splits)

    def shards(self, split: str) -> list[Shard]:
        """Returns the shards of a split; "all" is all of them."""
        if split in self.splits:
            return self.splits[split]
        return [shard for shards in self.splits.values() for shard in shards]


def read(path: str | os.PathLike) -> Manifest:
    """Reads a manifest.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if the file is not a manifest.
    """
    path = pathlib.Path(path)
    try:
        fields = json.loads(path.read_text())
        if fields.pop("format") != _FORMAT:
            raise ValueError(f"its format is not {_FORMAT}, which this version of tfvae reads")
        fields.pop("examples")
        splits = {
            name: [Shard(**shard) for shard in shards]
            for name, shards in fields.pop("splits").items()
        }
        return Manifest(**fields | {"shape": tuple(fields["shape"])}, splits=splits)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a manifest of prepared records: {error}") from error


def write(path: pathlib.Path, manifest: Manifest) -> None:
    """Writes a manifest atomically; it survives a power failure."""
    splits = {name: [s._asdict() for s in shards] for name, shards in manifest.splits.items()}
    examples = {
        name: sum(shard.records for shard in shards) for name, shards in manifest.splits.items()
    }
    fields = {"format": _FORMAT, "examples": examples, **manifest._asdict(), "splits": splits}
    atomic.write_json(path, fields, durable=True)


def checksum(path: str | os.PathLike) -> str:
    """Returns the CRC-32C of a file, 8 hexadecimal digits."""
    import google_crc32c  # noqa: PLC0415

    value = 0
    with open(path, "rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            value = google_crc32c.extend(value, block)
    return f"{value:08x}"


def verify(directory: pathlib.Path, shards: Iterable[Shard], checksums: bool = True) -> None:
    """Checks that shards exist and match the manifest.

    Args:
        directory: folder of the shards.
        shards: the shards to check.
        checksums: whether to read the files and compare checksums, about a second for a few
            cached gigabytes; if False, only file sizes are compared.

    Raises:
        ValueError: if a shard is missing or damaged (the first one is named).
    """
    for shard in shards:
        path = directory / shard.file
        if not path.is_file():
            raise ValueError(f"{path} is missing, but its manifest lists it; {_MEND}")
        size = path.stat().st_size
        if size != shard.bytes:
            raise ValueError(
                f"{path} is damaged: it has {size} bytes, the manifest says {shard.bytes}; {_MEND}"
            )
        if checksums and (found := checksum(path)) != shard.crc32c:
            raise ValueError(
                f"{path} is damaged: its checksum is {found}, the manifest says {shard.crc32c}; "
                f"{_MEND}"
            )
