"""Reads the input, records of TFRecord files or image files, in chunks."""

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

BAD = "bad"  # Tag of the output for inputs that could not be read or encoded.
RECORDS, IMAGES = "records", "images"


class BadRow(NamedTuple):
    """An input that could not be encoded.

    Attributes:
        source: File and record number, or image file.
        key: Key of the row; None if it could not be read.
        reason: Why it could not be encoded.
    """

    source: str
    key: str | None
    reason: str


class Chunk(NamedTuple):
    """Consecutive records of a file, or several image files.

    Attributes:
        sources: File and number of each record, or name of each file; unique in the whole input.
        data: Serialized tf.train.Examples, or contents of the files.
    """

    sources: list[str]
    data: list[bytes]


class Input(NamedTuple):
    """The files of --input.

    Attributes:
        kind: RECORDS or IMAGES.
        files: Pairs of path and name. Keys use the name, which is the path relative to the folder
            or to the fixed part of the pattern, so that keys stay the same if the data is moved.
    """

    kind: str
    files: list[tuple[str, str]]


def find_input(pattern: str) -> Input:
    """Finds the files of --input: a folder of images, a prepared folder, or a pattern of TFRecords.

    Raises:
        ValueError: There are no files, or a prepared folder is damaged.
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
    hidden = re.compile(r"(^|/)\.")  # ImageFolder skips hidden files too.
    images = [(path, name) for path, name in within if not hidden.search(name)]
    if not images:
        raise ValueError(
            f"--input={pattern} is neither a TFRecord file, a pattern of TFRecord files, a folder "
            f"written by trainers.prepare, nor a folder of images ({', '.join(IMAGE_SUFFIXES)})"
        )
    return Input(IMAGES, images)


def _match(pattern: str) -> list[str]:
    (result,) = FileSystems.match([pattern])
    return sorted(m.path for m in result.metadata_list if not os.path.isdir(m.path))


def _name(path: str, base: str) -> str:
    base = base.rstrip("/")
    return path.removeprefix(base).lstrip("/") if path.startswith(base) else path


class ReadRecords(beam.DoFn):
    """Reads TFRecord files, given as (path, name), into chunks.

    Args:
        chunk_size: Records per chunk.
    """

    def __init__(self, chunk_size: int):
        self._chunk_size = chunk_size

    def process(self, element):
        """Yields the chunks of a file, and its damaged records as bad rows."""
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
    """Yields the records of a file, or a reason (str) for each damaged record."""
    with FileSystems.open(path) as stream:
        yield from _records(stream)


def _records(stream: BinaryIO) -> Iterator[bytes | str]:
    lost = "; this record and the rest of the file cannot be read"
    while header := stream.read(HEADER):
        if len(header) < HEADER:
            yield f"the file ends within the record's header{lost}"
            return
        length, checksum = struct.unpack("<QI", header)
        if checksum != masked_checksum(header[:8]):
            yield f"the record's header is damaged, or the file is not a TFRecord file{lost}"
            return
        data = stream.read(length + FOOTER)
        if len(data) < length + FOOTER:
            yield f"the file ends within the record{lost}"
            return
        payload = data[:-FOOTER]
        if struct.unpack("<I", data[-FOOTER:]) == (masked_checksum(payload),):
            yield payload
        else:
            yield "the record's data does not match its checksum"


class ReadImages(beam.DoFn):
    """Reads lists of image files (path, name) into chunks."""

    def process(self, element):
        """Yields one chunk."""
        data = []
        for path, _ in element:
            with FileSystems.open(path) as stream:
                data.append(stream.read())
        yield Chunk([name for _, name in element], data)
