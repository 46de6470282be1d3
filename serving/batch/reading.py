"""What is encoded: records of TFRecord files, or image files, read a chunk at a time."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from tfvae.data import manifest
from tfvae.data.folder import IMAGE_SUFFIXES
from tfvae.data.record_files import FOOTER, HEADER, masked_checksum

BAD = "bad"  # the output of what could not be read or encoded
RECORDS, IMAGES = "records", "images"


class BadRow(NamedTuple):
    """What could not be encoded.

    Attributes:
        source: Where it lies: file and record number, or image file.
        key: Its key, where that could be read.
        reason: Why.
    """

    source: str
    key: str | None
    reason: str


class Chunk(NamedTuple):
    """Neighbouring records of a file, or image files.

    Attributes:
        sources: File and number of each record, or the file's name; each occurs once in all input.
        data: The serialised tf.train.Examples, or the contents of the files.
    """

    sources: list[str]
    data: list[bytes]


class Input(NamedTuple):
    """What --input stands for.

    Attributes:
        kind: RECORDS or IMAGES.
        files: Path, and the name that it has in keys, which is the path from the folder or the
            pattern's fixed part on; a data set keeps its keys where it is moved.
    """

    kind: str
    files: list[tuple[str, str]]


def find_input(pattern: str) -> Input:
    """Finds the files of --input: a folder of images, a prepared folder, or a pattern of TFRecords.

    Raises:
        ValueError: There are none, or a prepared folder is damaged.
    """
    if (Path(pattern) / manifest.MANIFEST_FILE).is_file():
        shards = manifest.read(Path(pattern) / manifest.MANIFEST_FILE).shards("all")
        manifest.verify(Path(pattern), shards, checksums=False)
        return Input(RECORDS, [(os.path.join(pattern, s.file), s.file) for s in shards])
    found = _match(pattern)
    if found:
        fixed = pattern.partition("*")[0].partition("?")[0].partition("[")[0]
        base = fixed.rpartition("/")[0]
        return Input(RECORDS, [(path, _name(path, base)) for path in found])
    within = [
        (path, _name(path, pattern))
        for path in _match(FileSystems.join(pattern, "**"))
        if path.lower().endswith(IMAGE_SUFFIXES)
    ]
    hidden = re.compile(r"(^|/)\.")  # as ImageFolder leaves them out
    images = [(path, name) for path, name in within if not hidden.search(name)]
    if not images:
        raise ValueError(
            f"--input={pattern} is neither TFRecord files, a pattern of them, a folder that "
            f"trainers.prepare wrote, nor a folder of images ({', '.join(IMAGE_SUFFIXES)})"
        )
    return Input(IMAGES, images)


def _match(pattern: str) -> list[str]:
    (result,) = FileSystems.match([pattern])
    return sorted(m.path for m in result.metadata_list if not os.path.isdir(m.path))


def _name(path: str, base: str) -> str:
    base = base.rstrip("/")
    return path.removeprefix(base).lstrip("/") if path.startswith(base) else path


class ReadRecords(beam.DoFn):
    """Reads TFRecord files (path, name), which Beam too takes as the unit of work, into chunks.

    Args:
        chunk_size: Records of a chunk.
    """

    def __init__(self, chunk_size: int):
        self._chunk_size = chunk_size

    def process(self, element):
        """Gives the chunks of a file, and the damaged records."""
        path, name = element
        sources: list[str] = []
        data: list[bytes] = []
        for number, record in enumerate(records(path)):
            source = f"{name}:{number}"
            if isinstance(record, str):
                yield beam.pvalue.TaggedOutput(BAD, BadRow(source, None, record))
                continue
            sources.append(source)
            data.append(record)
            if len(data) == self._chunk_size:
                yield Chunk(sources, data)
                sources, data = [], []
        if data:
            yield Chunk(sources, data)


def records(path: str) -> Iterator[bytes | str]:
    """Gives the records of a file; for a damaged one why, which may be the last that is read."""
    with FileSystems.open(path) as stream:
        yield from _records(stream)


def _records(stream: BinaryIO) -> Iterator[bytes | str]:
    lost = "; it and all that follows it in the file cannot be read"
    while header := stream.read(HEADER):
        if len(header) < HEADER:
            yield f"the file ends within the record's header{lost}"
            return
        length, checksum = struct.unpack("<QI", header)
        if checksum != masked_checksum(header[:8]):
            yield f"the record's header is damaged, or the file is not of TFRecords{lost}"
            return
        data = stream.read(length + FOOTER)
        if len(data) < length + FOOTER:
            yield f"the file ends within the record{lost}"
            return
        payload = data[:-FOOTER]
        if struct.unpack("<I", data[-FOOTER:]) == (masked_checksum(payload),):
            yield payload
        else:
            yield "the record's data do not match its checksum"


class ReadImages(beam.DoFn):
    """Reads lists of image files (path, name) into chunks."""

    def process(self, element):
        """Gives one chunk."""
        data = []
        for path, _ in element:
            with FileSystems.open(path) as stream:
                data.append(stream.read())
        yield Chunk([name for _, name in element], data)
