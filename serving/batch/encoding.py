"""Runs a signature on chunks of rows."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
import grpc
import numpy as np
from apache_beam.metrics import Metrics
from apache_beam.utils.shared import Shared

from serving.batch.reading import BAD, BadRow, Chunk
from serving.batch.rows import RowReader, Rows
from serving.errors import ServingError

COUNTERS = "serving.batch"
ROWS, BAD_ROWS = "rows", "bad_rows"


class Encoded(NamedTuple):
    """Output rows.

    Attributes:
        keys: Keys of the rows.
        sources: Sources of their inputs.
        outputs: Output name to array, with the rows along its first axis.
    """

    keys: list[str]
    sources: list[str]
    outputs: dict[str, np.ndarray]


class Encode(beam.DoFn):
    """Encodes chunks. All threads of a process share one loaded model.

    Args:
        version: Directory of the SavedModel, at the same path on every worker.
        signature: Name of the signature.
        reader: Converts chunks to rows.
        threads: Threads of the model's session; 0 lets TensorFlow choose.
    """

    def __init__(self, version: str, signature: str, reader: RowReader, threads: int):
        self._version = version
        self._signature = signature
        self._reader = reader
        self._threads = threads
        self._shared = Shared()
        self._session = None

    def setup(self):
        """Loads the model, unless the process has loaded it already."""
        self._session = self._shared.acquire(self._load, tag=self._version)

    def _load(self):
        from serving.engine.session import SavedModelSession  # noqa: PLC0415

        session = SavedModelSession(Path(self._version), self._threads)
        atexit.register(session.close)  # TensorFlow's own cleanup comes too late.
        return session

    def process(self, chunk: Chunk):
        """Yields the encoded rows of a chunk, and the bad rows."""
        rows, bad = self._reader.read(chunk)
        for result in self._encoded(rows):
            if isinstance(result, BadRow):
                bad.append(result)
            else:
                yield result
        for row in bad:
            yield beam.pvalue.TaggedOutput(BAD, row)

    def _encoded(self, rows: Rows) -> Iterator[Encoded | BadRow]:
        """Yields outputs; splits rows that the model refuses in halves to isolate the bad ones."""
        count = len(rows.keys)
        if not count:
            return
        assert self._session is not None
        try:
            outputs = self._session.run(self._session.signature(self._signature), rows.arrays)
        except ServingError as error:
            # Other errors are not caused by a row: Beam retries the chunk, then gives up.
            if error.code != grpc.StatusCode.INVALID_ARGUMENT:
                raise
            if count == 1:
                reason = error.message.partition("\n")[0]
                yield BadRow(rows.sources[0], rows.keys[0], f"the model refused the row: {reason}")
                return
            yield from self._encoded(rows.part(0, count // 2))
            yield from self._encoded(rows.part(count // 2, count))
            return
        for name, array in outputs.items():
            if array.shape[:1] != (count,):
                raise ValueError(
                    f"output {name!r} of signature {self._signature!r} has shape "
                    f"{list(array.shape)} for {count} rows; it must have one row for each"
                )
        yield Encoded(rows.keys, rows.sources, outputs)


class OneRowPerKey(beam.PTransform):
    """Keeps one row for each key, the first by its source; used if keys may repeat."""

    def expand(self, pcollection):
        """Returns the rows, and the rows with repeated keys as bad rows."""
        return (
            pcollection
            | "row by row" >> beam.FlatMap(_single)
            | "rows of a key" >> beam.GroupByKey()
            | "first of a key" >> beam.FlatMap(_first).with_outputs(BAD, main="rows")
        )


def _single(encoded: Encoded):
    for i, (key, source) in enumerate(zip(encoded.keys, encoded.sources, strict=True)):
        yield key, (source, {name: array[i : i + 1] for name, array in encoded.outputs.items()})


def _first(element):
    key, rows = element
    (source, outputs), *others = sorted(rows, key=lambda row: row[0])
    yield Encoded([key], [source], outputs)
    for other, _ in others:
        reason = f"its key {key!r} is also the key of {source}"
        yield beam.pvalue.TaggedOutput(BAD, BadRow(other, key, reason))


class Count(beam.DoFn):
    """Counts rows and passes the elements on.

    Args:
        name: Name of the counter.
    """

    def __init__(self, name: str):
        self._counter = Metrics.counter(COUNTERS, name)

    def process(self, element):
        """Counts the rows of an element and yields it."""
        self._counter.inc(len(element.keys) if isinstance(element, Encoded) else 1)
        yield element
