"""Runs a signature over chunks: one row comes out for each that can be encoded."""

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
    """Rows of output.

    Attributes:
        keys: Their keys.
        sources: Where their inputs lie.
        outputs: Output name to array, the rows along its first axis.
    """

    keys: list[str]
    sources: list[str]
    outputs: dict[str, np.ndarray]


class Encode(beam.DoFn):
    """Encodes chunks. The model is loaded once a process, whatever the number of threads.

    Args:
        version: The SavedModel's directory, at the same path for every worker.
        signature: Name of the signature.
        reader: Makes rows of chunks.
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
        """Loads the model, or finds it loaded."""
        self._session = self._shared.acquire(self._load, tag=self._version)

    def _load(self):
        from serving.engine.session import SavedModelSession  # noqa: PLC0415

        session = SavedModelSession(Path(self._version), self._threads)
        atexit.register(session.close)  # TensorFlow's own end comes too late
        return session

    def process(self, chunk: Chunk):
        """Gives the rows of a chunk, and what could not be encoded."""
        rows, bad = self._reader.read(chunk)
        for result in self._encoded(rows):
            if isinstance(result, BadRow):
                bad.append(result)
            else:
                yield result
        for row in bad:
            yield beam.pvalue.TaggedOutput(BAD, row)

    def _encoded(self, rows: Rows) -> Iterator[Encoded | BadRow]:
        """Outputs, in halves where rows are refused, until what refuses them is alone."""
        count = len(rows.keys)
        if not count:
            return
        assert self._session is not None
        try:
            outputs = self._session.run(self._session.signature(self._signature), rows.arrays)
        except ServingError as error:
            # Anything else is no fault of a row: Beam tries the chunk again, then gives up.
            if error.code != grpc.StatusCode.INVALID_ARGUMENT:
                raise
            if count == 1:
                reason = error.message.partition("\n")[0]
                yield BadRow(rows.sources[0], rows.keys[0], f"the model refuses it: {reason}")
                return
            yield from self._encoded(rows.part(0, count // 2))
            yield from self._encoded(rows.part(count // 2, count))
            return
        for name, array in outputs.items():
            if array.shape[:1] != (count,):
                raise ValueError(
                    f"output {name!r} of signature {self._signature!r} has shape "
                    f"{list(array.shape)} for {count} rows; one row each is needed"
                )
        yield Encoded(rows.keys, rows.sources, outputs)


class OneRowAKey(beam.PTransform):
    """Lets through the first row of each key, by its source, for keys that are not known unique."""

    def expand(self, pcollection):
        """Gives the rows, and those whose key is another's as bad ones."""
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
        reason = f"its key {key!r} is that of {source} too"
        yield beam.pvalue.TaggedOutput(BAD, BadRow(other, key, reason))


class Count(beam.DoFn):
    """Counts what goes past: rows by a number of each element's.

    Args:
        name: Name of the counter.
    """

    def __init__(self, name: str):
        self._counter = Metrics.counter(COUNTERS, name)

    def process(self, element):
        """Gives the element."""
        self._counter.inc(len(element.keys) if isinstance(element, Encoded) else 1)
        yield element
