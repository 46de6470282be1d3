"""The pipeline: reads files into chunks, encodes their rows and writes them to files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState

from serving.batch import encoding, reading, writing
from serving.batch.job import Job


class Counts(NamedTuple):
    """The number of rows written, and of rows in the dead-letter output."""

    rows: int
    bad_rows: int


def run(
    job: Job, output: str, output_format: str, options: PipelineOptions, facts: Mapping[str, Any]
) -> Counts:
    """Runs a job and waits until it is finished.

    Args:
        job: Settings of the run.
        output: Folder of the output.
        output_format: One of writing.FORMATS.
        options: Options of Beam.
        facts: Further entries of finished.json.

    Raises:
        ValueError: The folder cannot be used for this run.
        RuntimeError: The pipeline failed; the folder has an unfinished run.
    """
    with writing.claimed(output):
        pipeline = beam.Pipeline(options=options)
        _build(pipeline, job, output, output_format)
        result = pipeline.run()
        state = result.wait_until_finish()
        if state != PipelineState.DONE:
            raise RuntimeError(f"the pipeline ended as {state}; run the same command to restart it")
        counts = Counts(_counted(result, encoding.ROWS), _counted(result, encoding.BAD_ROWS))
        about = {"saved_model": job.version, "signature": job.signature_name}
        about |= {"format": output_format, **facts, **counts._asdict()}
        writing.write_finished(output, about)
    return counts


def _build(pipeline: beam.Pipeline, job: Job, output: str, output_format: str) -> None:
    elements: list = job.files.files
    read: beam.DoFn = reading.ReadRecords(job.batch_size)
    if job.files.kind == reading.IMAGES:
        starts = range(0, len(elements), job.batch_size)
        elements = [elements[start : start + job.batch_size] for start in starts]
        read = reading.ReadImages()
    encode = encoding.Encode(job.version, job.signature_name, job.reader, job.threads)
    chunks = (
        pipeline
        | "files" >> beam.Create(elements)
        | "spread" >> beam.Reshuffle()
        | "read" >> beam.ParDo(read).with_outputs(reading.BAD, main="chunks")
    )
    encoded = chunks["chunks"] | "encode" >> beam.ParDo(encode).with_outputs(
        reading.BAD, main="rows"
    )
    rows, bad = encoded["rows"], [chunks[reading.BAD], encoded[reading.BAD]]
    if not job.unique_keys:
        first = rows | "one row per key" >> encoding.OneRowPerKey()
        rows = first["rows"]
        bad.append(first[reading.BAD])
    _ = (
        rows
        | "count rows" >> beam.ParDo(encoding.Count(encoding.ROWS))
        | "rows" >> writing.WriteRows(output, output_format, job.signature.outputs)
    )
    _ = (
        bad
        | "all bad" >> beam.Flatten()
        | "count bad" >> beam.ParDo(encoding.Count(encoding.BAD_ROWS))
        | "to lines" >> beam.Map(writing.bad_line)
        | "bad" >> writing.write_bad(output)
    )


def _counted(result, name: str) -> int:
    found = result.metrics().query(MetricsFilter().with_name(name))["counters"]
    return sum(counter.result for counter in found)
