r"""Runs a signature of an exported model on TFRecords or images, with Apache Beam.

  python -m serving.batch --saved_model=saved_models/shapes --signature=encode \
      --input='data/photos-*.tfrecord' --output=codes --format=parquet

The program writes to --output: rows-*, with one row for each key; bad-*.jsonl, with the inputs that
could not be encoded and the reasons; and finally finished.json. It refuses a folder with
finished.json, and replaces the files of an unfinished run, so an interrupted run can be restarted
with the same command. Flags that are not listed here go to Beam: --direct_num_workers=8
--direct_running_mode=multi_processing on this machine; --runner=FlinkRunner, SparkRunner or
DataflowRunner and their flags on a cluster, where every worker must see the path --saved_model.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from programs import interrupts  # noqa: F401  # first: Ctrl-C while the others are imported

# isort: split
from absl import flags, logging

from programs import program
from programs.quiet import quiet_import

_SAVED_MODEL = flags.DEFINE_string(
    "saved_model",
    "",
    "A version's folder, or a base path: its newest version. Required.",
)
_SIGNATURE = flags.DEFINE_string("signature", "serving_default", "Signature to run.")
_INPUT = flags.DEFINE_string(
    "input", "", "TFRecord files (a pattern), a prepared folder, or a folder of images. Required."
)
_OUTPUT = flags.DEFINE_string("output", "", "Folder of the output. Required.")
_FORMAT = flags.DEFINE_enum("format", "tfrecord", ["tfrecord", "parquet"], "Format of the output.")
_FEATURES = flags.DEFINE_list(
    "features", [], "INPUT=FEATURE: the feature of an input, if its name differs."
)
_KEY_FEATURE = flags.DEFINE_string(
    "key_feature", "", "Feature with the key of a record; default: the key is FILE:NUMBER."
)
_SEED = flags.DEFINE_integer(
    "seed",
    0,
    "Seed of a signature that samples; a row's seed is (seed, hash of its key).",
    -(2**63),
    2**63 - 1,
)
_RESIZE = flags.DEFINE_bool("resize", False, "Resize encoded images to the size of the input.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Maximum rows of a batch.", 1)
_SESSION_THREADS = flags.DEFINE_integer(
    "session_threads", 0, "Threads of the model per worker; 0 lets TensorFlow choose.", 0
)


def main(argv: Sequence[str]) -> int:
    """Runs the pipeline; returns the exit code."""
    logging.set_verbosity(logging.ERROR)
    try:
        return _run(argv[1:])
    except (ValueError, OSError) as error:
        if os.environ.get("TFVAE_TRACEBACK"):
            raise
        print(f"serving.batch: {error}", file=sys.stderr)
        return 1


def _run(arguments: Sequence[str]) -> int:
    for flag, value in (("saved_model", _SAVED_MODEL), ("input", _INPUT), ("output", _OUTPUT)):
        if not value.value:
            raise ValueError(f"--{flag} is required; see --help")
    try:
        with quiet_import():
            from serving.batch import beam_flags, job, pipeline  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("apache_beam"):
            raise
        raise ValueError("Apache Beam is not installed: pip install 'tfvae[batch]'") from error
    ours = [flag.name for flag in flags.FLAGS.get_flags_for_module(main.__module__)]
    options = beam_flags.beam_options(arguments, ours)
    made = job.make_job(
        _SAVED_MODEL.value,
        _SIGNATURE.value,
        _INPUT.value,
        _FEATURES.value,
        _KEY_FEATURE.value or None,
        _SEED.value,
        _RESIZE.value,
        _BATCH_SIZE.value,
        _SESSION_THREADS.value,
    )
    what = f"{made.signature_name} of {made.version} on {len(made.files.files):,} files"
    print(f"{what} to {_OUTPUT.value}", flush=True)
    started = time.perf_counter()
    facts = {"input": _INPUT.value, "seed": _SEED.value}
    counts = pipeline.run(made, _OUTPUT.value, _FORMAT.value, options, facts)
    seconds = time.perf_counter() - started
    print(f"{counts.rows:,} rows and {counts.bad_rows:,} bad rows in {seconds:.0f} s")
    return 0


def _parse_flags(argv: list[str]) -> list[str]:
    """Parses our flags; `beam_flags` checks the others."""
    try:
        return flags.FLAGS(argv, known_only=True)
    except flags.Error as error:
        print(f"serving.batch: {error}", file=sys.stderr)
        sys.exit(1)


def run() -> None:
    """Runs the program."""
    program.run(main, flags_parser=_parse_flags)


if __name__ == "__main__":
    run()
