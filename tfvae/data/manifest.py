"""The manifest of prepared records: what its shards are, so that a damaged one is found."""

import json
import os
import pathlib
from collections.abc import Iterable
from typing import Any, NamedTuple

MANIFEST_FILE = "manifest.json"
PARTIAL_FILE = "manifest.unfinished.json"  # until every shard is there
_FORMAT = 1
_BLOCK = 1 << 20
_MEND = "the same trainers.prepare command makes what is missing or damaged anew"


class Shard(NamedTuple):
    """One TFRecord file.

    Attributes:
        file: its name.
        records: number of records, of which each is one example.
        bytes: its size; 0 where it is not known yet.
        crc32c: checksum of the whole file, 8 hexadecimal digits; "" where it is not known yet.
    """

    file: str
    records: int
    bytes: int = 0
    crc32c: str = ""


class Manifest(NamedTuple):
    """What a folder of prepared records holds.

    Attributes:
        source: what was converted: the name and arguments of a data set, for each split.
        shape: shape of one example, (H, W, C) of an image.
        dtype: "uint8", which stands for 0 ... 255 scaled to [0, 1], or "float32".
        encoding: "raw", H * W * C values, or "png".
        factors: name to size of the factors that the examples are all combinations of, the last
            varying fastest; empty where there are none.
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
        """This before anything was written: equal for equal flags."""
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
        FileNotFoundError: where there is none.
        ValueError: where the file is no manifest.
    """
    path = pathlib.Path(path)
    try:
        fields = json.loads(path.read_text())
        if fields.pop("format") != _FORMAT:
            raise ValueError(f"it is not of format {_FORMAT}, which this version of tfvae reads")
        fields.pop("examples")
        splits = {
            name: [Shard(**shard) for shard in shards]
            for name, shards in fields.pop("splits").items()
        }
        return Manifest(**fields | {"shape": tuple(fields["shape"])}, splits=splits)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no manifest of prepared records: {error}") from error


def write(path: pathlib.Path, manifest: Manifest) -> None:
    """Writes a manifest as a whole: beside, then renamed."""
    splits = {name: [s._asdict() for s in shards] for name, shards in manifest.splits.items()}
    examples = {
        name: sum(shard.records for shard in shards) for name, shards in manifest.splits.items()
    }
    fields = {"format": _FORMAT, "examples": examples, **manifest._asdict(), "splits": splits}
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(fields, indent=2) + "\n")
    make_durable(partial)
    os.replace(partial, path)
    make_durable(path.parent)


def make_durable(path: pathlib.Path) -> None:
    """Returns when a file, or the names in a directory, would outlive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: str | os.PathLike) -> str:
    """Returns the CRC-32C of a file, 8 hexadecimal digits."""
    import google_crc32c  # noqa: PLC0415

    value = 0
    with open(path, "rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            value = google_crc32c.extend(value, block)
    return f"{value:08x}"


def verify(directory: pathlib.Path, shards: Iterable[Shard], checksums: bool = True) -> None:
    """Checks that shards are there and are what the manifest says.

    Args:
        directory: where they are.
        shards: what is looked at.
        checksums: whether they are read as a whole, about a second for a few gigabytes in memory;
            else their sizes alone are looked at.

    Raises:
        ValueError: for the first shard that is missing or damaged (named).
    """
    for shard in shards:
        path = directory / shard.file
        if not path.is_file():
            raise ValueError(f"{path} is missing, which the manifest beside it lists; {_MEND}")
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
