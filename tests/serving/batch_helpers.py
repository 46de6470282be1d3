"""Runs jobs of `serving.batch` in tests, and writes their inputs and reads their outputs."""

import collections
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import tensorflow as tf
from PIL import Image

from serving.batch import beam_flags, pipeline
from serving.batch.job import make_job
from serving.engine.session import SavedModelSession
from tfvae.data import record_files

LEVELS = np.random.default_rng(0).integers(0, 256, [23, 4, 4, 1], dtype=np.uint8)
IMAGES = (LEVELS / 255).astype(np.float32)


def run_batch(exported, folder, *arguments, output=None, output_format="tfrecord", **values):
    """Runs a job; returns its rows and its bad rows."""
    output = folder / "o" if output is None else output
    values = {"saved_model": exported, "signature_name": "encode"} | values
    values["pattern"] = str(values["pattern"])
    options = beam_flags.beam_options(arguments, [])
    counts = pipeline.run(make_job(**values), str(output), output_format, options, {})
    rows, bad = rows_in(output), bad_in(output)
    assert counts == (len(rows), len(bad))
    return rows, bad


def rows_in(folder):
    """Returns key to outputs; checks that keys are unique."""
    rows = []
    for path in Path(folder).glob("rows-*.parquet"):
        rows += pyarrow.parquet.read_table(path).to_pylist()
    for path in sorted(map(str, Path(folder).glob("rows-*.tfrecord"))):
        for record in tf.data.TFRecordDataset(path):
            feature = tf.train.Example.FromString(record.numpy()).features.feature
            row = {n: list(getattr(f, f.WhichOneof("kind")).value) for n, f in feature.items()}
            rows.append({**row, "key": row["key"][0].decode()})
    keys = collections.Counter(row["key"] for row in rows)
    assert set(keys.values()) <= {1}
    return {row.pop("key"): row for row in rows}


def bad_in(folder):
    lines = [line for p in Path(folder).glob("bad-*") for line in p.read_text().splitlines()]
    return {row["source"]: row["reason"] for row in map(json.loads, lines)}


def example(**values):
    record = tf.train.Example()
    for name, value in values.items():
        feature = record.features.feature[name]
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        elif np.asarray(value).dtype.kind == "f":
            feature.float_list.value.extend(np.ravel(value))
        else:
            feature.int64_list.value.extend(np.ravel(value))
    return record.SerializeToString()


def write(path, records):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(map(record_files.framed, records)))
    return path


def png(levels):
    stream = io.BytesIO()
    Image.fromarray(levels[..., 0]).save(stream, "PNG")
    return stream.getvalue()


def floats(count=23):
    return [example(image=image) for image in IMAGES[:count]]


def expected(exported, signature="encode", **inputs):
    session = SavedModelSession(exported)
    outputs = session.run(session.signature(signature), inputs or {"image": IMAGES})
    session.close()
    return outputs


def column(rows, name, keys=None):
    return np.array([rows[key][name] for key in (keys or rows)])
