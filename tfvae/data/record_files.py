"""TFRecord files addressed by record number."""

import bisect
import mmap
import os
import struct
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

# Layout of a record: length (8 bytes), checksum of the length (4), data, checksum of the data (4).
HEADER = 12
FOOTER = 4
# Number of files kept open; further ones are opened for every read.
_MOST_OPEN = 256


class RecordFiles:
    """The records of one or more TFRecord files, numbered from 0 across all of them.

    The headers are read once to index the files; records are read by `read`.

    Args:
        paths: the files, in order.

    Attributes:
        num_records: number of records in all files.

    Raises:
        ValueError: if a file is truncated or not a TFRecord file, or there are no records.
    """

    def __init__(self, paths: Sequence[str | os.PathLike]):
        self._paths = [os.fspath(path) for path in paths]
        self._offsets = [_record_offsets(path) for path in self._paths]
        counts = [len(offsets) - 1 for offsets in self._offsets]
        self._starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).tolist()
        self.num_records = self._starts[-1]
        self._open: dict[int, BinaryIO] = {}
        if not self.num_records:
            raise ValueError(f"there are no records in {', '.join(self._paths)}")

    def read(self, number: int) -> bytes:
        """Returns the data of a record.

        Raises:
            ValueError: if the data does not match its checksum (file and record are named).
        """
        file, record = self._place(number)
        start, end = self._offsets[file][record : record + 2].tolist()
        data = self._bytes(file, start + HEADER, end - start - HEADER)
        if len(data) != end - start - HEADER:
            raise ValueError(f"{self.name(number)} is truncated: the file has changed since opened")
        payload, (checksum,) = data[:-FOOTER], struct.unpack("<I", data[-FOOTER:])
        if checksum != masked_checksum(payload):
            raise ValueError(f"{self.name(number)} is damaged: its data do not match the checksum")
        return payload

    def _bytes(self, file: int, start: int, size: int) -> bytes:
        stream = self._open.get(file)
        if stream is not None:
            return os.pread(stream.fileno(), size, start)
        stream = open(self._paths[file], "rb", buffering=0)  # noqa: SIM115
        if len(self._open) < _MOST_OPEN:
            stream = self._open.setdefault(file, stream)  # shared between threads
            return os.pread(stream.fileno(), size, start)
        with stream:
            return os.pread(stream.fileno(), size, start)

    def name(self, number: int) -> str:
        """Returns the name of a record for error messages: file and number in it, from 0."""
        file, record = self._place(number)
        return f"{self._paths[file]}, record {record},"

    def _place(self, number: int) -> tuple[int, int]:
        file = bisect.bisect_right(self._starts, number) - 1
        return file, number - self._starts[file]


def framed(payload: bytes) -> bytes:
    """Returns a TFRecord: `payload` with its length and checksums."""
    length = struct.pack("<Q", len(payload))
    header = length + struct.pack("<I", masked_checksum(length))
    return header + payload + struct.pack("<I", masked_checksum(payload))


def _record_offsets(path: str) -> np.ndarray:
    """Returns the start of each record in a file and the end of the last, int64 [records + 1]."""
    size = os.path.getsize(path)
    offsets = [0]
    if not size:
        return np.zeros(1, np.int64)
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        uniform = _uniform_offsets(data)
        if uniform is not None:
            return uniform
        while (start := offsets[-1]) < size:
            end = start + HEADER  # end of the required bytes
            if end <= size:
                length, checksum = struct.unpack_from("<QI", data, start)
                if checksum != masked_checksum(data[start : start + 8]):
                    raise ValueError(
                        f"{path}, record {len(offsets) - 1}, has a damaged header at byte {start}, "
                        f"or the file is not an uncompressed TFRecord file (compressed records "
                        f"cannot be addressed by number; write them without compression)"
                    )
                end += length + FOOTER
            if end > size:
                raise ValueError(
                    f"{path}, record {len(offsets) - 1}, is truncated: the record needs {end} "
                    f"bytes of the file, which has {size}. Copy or write the file again"
                )
            offsets.append(end)
    return np.array(offsets, np.int64)


def _uniform_offsets(data: mmap.mmap) -> np.ndarray | None:
    """Returns the offsets without a loop if all headers are equal (raw images); else None."""
    size = len(data)
    if size < HEADER:
        return None
    length, checksum = struct.unpack_from("<QI", data)
    step = HEADER + length + FOOTER
    if checksum != masked_checksum(data[:8]) or size % step:
        return None
    headers = np.ndarray((size // step, HEADER), np.uint8, data, strides=(step, 1))
    if not (headers == headers[0]).all():
        return None
    return np.arange(0, size + 1, step, dtype=np.int64)


def masked_checksum(data: bytes) -> int:
    """Returns the masked CRC-32C of bytes, as stored in a record."""
    import google_crc32c  # noqa: PLC0415

    checksum = google_crc32c.value(data)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
