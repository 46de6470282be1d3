"""Writes the output: TFRecord or Parquet files, and bad rows; locks and cleans the folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from serving.batch.encoding import Encoded
from serving.batch.reading import BadRow
from serving.batch.tensor_specs import RowSpec
from tfvae.data.record_files import framed

FORMATS = ("tfrecord", "parquet")
FINISHED = "finished.json"
_OURS = ("rows-", "bad-", "beam-temp-")
_ROW_GROUP = 8192


class WriteRows(beam.PTransform):
    """Writes encoded rows to files rows-NNNNN-of-NNNNN; Beam renames them when complete.

    Args:
        directory: Folder of the output.
        kind: One of FORMATS.
        outputs: Outputs of the signature.
    """

    def __init__(self, directory: str, kind: str, outputs: Mapping[str, RowSpec]):
        super().__init__()
        self._prefix = FileSystems.join(directory, "rows")
        self._kind = kind
        self._outputs = dict(outputs)

    def expand(self, pcollection):
        """Returns the names of the files."""
        if self._kind == "parquet":
            schema = parquet_schema(self._outputs)
            return (
                pcollection
                | "to tables" >> beam.ParDo(ToTables(schema, self._outputs))
                | "write rows"
                >> beam.io.WriteToParquetBatched(
                    self._prefix, schema, codec="snappy", file_name_suffix=".parquet"
                )
            )
        return (
            pcollection
            | "to records" >> beam.Map(_framed_records)
            | "write rows" >> _write_bytes(self._prefix, ".tfrecord")
        )


def write_bad(directory: str) -> beam.PTransform:
    """Writes bad rows, if any, as lines of JSON to bad-NNNNN-of-NNNNN.jsonl."""
    return _write_bytes(FileSystems.join(directory, "bad"), ".jsonl")


def bad_line(row: BadRow) -> bytes:
    """Returns a bad row as a line of JSON."""
    return json.dumps(row._asdict()).encode() + b"\n"


def _write_bytes(prefix: str, suffix: str) -> beam.PTransform:
    # Without newlines or encoding, so that one element may contain many records.
    return beam.io.WriteToText(
        prefix,
        suffix,
        append_trailing_newlines=False,
        coder=BytesCoder(),
        compression_type=CompressionTypes.UNCOMPRESSED,
        skip_if_empty=True,
    )


def _framed_records(encoded: Encoded) -> bytes:
    """Returns rows as TFRecords: tf.train.Examples with `key` and the outputs.

    Values with more than one axis are flattened, with their shape in a feature NAME/shape.
    """
    import tensorflow as tf  # noqa: PLC0415

    kinds = {"f": "float_list", "i": "int64_list", "u": "int64_list", "b": "int64_list"}
    columns = [
        (
            name,
            kinds.get(array.dtype.kind, "bytes_list"),
            array.shape[1:],
            array.reshape(len(array), -1).tolist(),
        )
        for name, array in encoded.outputs.items()
    ]
    records = []
    for row, key in enumerate(encoded.keys):
        example = tf.train.Example()
        feature = example.features.feature
        feature["key"].bytes_list.value.append(key.encode())
        for name, kind, shape, values in columns:
            getattr(feature[name], kind).value.extend(values[row])
            if len(shape) > 1:
                feature[f"{name}/shape"].int64_list.value.extend(shape)
        records.append(framed(example.SerializeToString(deterministic=True)))
    return b"".join(records)


def parquet_schema(outputs: Mapping[str, RowSpec]):
    """Returns the columns: `key`, and each output as a number, a string, or a list of values.

    Values with more than one axis are flattened, with their shape as JSON in the column's metadata.
    """
    import pyarrow as pa  # noqa: PLC0415

    fields = [pa.field("key", pa.string(), nullable=False)]
    for name, spec in outputs.items():
        kind = pa.binary() if spec.dtype == "object" else pa.from_numpy_dtype(spec.dtype)
        if spec.shape:
            kind = pa.list_(kind, -1 if spec.size is None else spec.size)
        metadata = {"shape": json.dumps(spec.shape)} if len(spec.shape) > 1 else None
        fields.append(pa.field(name, kind, nullable=False, metadata=metadata))
    return pa.schema(fields)


class ToTables(beam.DoFn):
    """Collects rows into tables, each large enough for a row group of a Parquet file.

    Args:
        schema: Schema of the file.
        outputs: Outputs of the signature.
    """

    def __init__(self, schema, outputs: Mapping[str, RowSpec]):
        self._schema = schema
        self._outputs = dict(outputs)

    def start_bundle(self):
        """Starts without rows."""
        self._batches: list = []
        self._rows = 0

    def process(self, encoded: Encoded):
        """Adds rows; yields a table if there are enough."""
        self._batches.append(self._batch(encoded))
        self._rows += len(encoded.keys)
        if self._rows >= _ROW_GROUP:
            yield self._table()

    def finish_bundle(self):
        """Yields a table of the remaining rows."""
        if self._batches:
            window = GlobalWindow()
            yield WindowedValue(self._table(), window.max_timestamp(), (window,))

    def _table(self):
        import pyarrow as pa  # noqa: PLC0415

        table = pa.Table.from_batches(self._batches, self._schema).combine_chunks()
        self.start_bundle()
        return table

    def _batch(self, encoded: Encoded):
        import pyarrow as pa  # noqa: PLC0415

        columns = [pa.array(encoded.keys, pa.string())]
        for name in self._outputs:
            array = encoded.outputs[name]
            kind = self._schema.field(name).type
            if array.ndim == 1:
                columns.append(pa.array(array, kind))
            elif pa.types.is_fixed_size_list(kind):
                values = pa.array(array.ravel(), kind.value_type)
                columns.append(pa.FixedSizeListArray.from_arrays(values, kind.list_size))
            else:
                columns.append(pa.array(list(array.reshape(len(array), -1)), kind))
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)


@contextlib.contextmanager
def claimed(directory: str) -> Iterator[None]:
    """Locks the output folder for this run, and deletes the files of an unfinished run.

    Raises:
        ValueError: The folder has a finished run or other files, cannot be created, or another run
            is using it.
    """
    local = _is_local(directory)
    try:
        FileSystems.mkdirs(directory)
    except OSError as error:
        if not (local and os.path.isdir(directory)):
            raise ValueError(f"--output={directory} cannot be created: {error}") from error
    lock = os.open(directory, os.O_RDONLY) if local else None
    try:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _empty(directory)
        yield
    except BlockingIOError as error:
        raise ValueError(f"--output={directory}: another run is using it") from error
    finally:
        if lock is not None:
            os.close(lock)


def _is_local(directory: str) -> bool:
    return "://" not in directory


def _empty(directory: str) -> None:
    if _is_local(directory):
        paths = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    else:  # Object stores have no folders: match every file below.
        (found,) = FileSystems.match([FileSystems.join(directory, "**")])
        paths = sorted(metadata.path for metadata in found.metadata_list)
    base = directory.rstrip("/") + "/"
    names = [path.removeprefix(base).partition("/")[0] for path in paths]
    if FINISHED in names:
        raise ValueError(
            f"--output={directory} has a finished run ({FINISHED}); give another folder, or "
            "delete this one"
        )
    others = [name for name in names if not name.startswith(_OURS)]
    if others:
        raise ValueError(
            f"--output={directory} has other files ({others[0]}, ...); give an empty folder"
        )
    if paths:
        FileSystems.delete(paths)


def write_finished(directory: str, facts: Mapping[str, Any]) -> None:
    """Writes the settings and results of a finished run."""
    with FileSystems.create(FileSystems.join(directory, FINISHED), "application/json") as stream:
        stream.write(json.dumps(facts, indent=2).encode() + b"\n")
