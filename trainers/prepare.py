"""Converts a data set to TFRecords: `python -m trainers.prepare --config=NAME --output=FOLDER`.

The data is a config's (its evaluation data becomes the split "test"), or a reader of tfvae.data by
name: --data=ImageFolder --argument=path=photos --argument=image_size=64,64. The folder gets shards
and a manifest of their checksums. tfvae.data.TFRecords(FOLDER) reads it; in a config,
data = {"name": "TFRecords", "pattern": FOLDER, "split": "train"}. Rerun the command to resume, or
to rebuild shards that were lost or damaged.
"""

import ast
import json
import os
import pathlib
import signal
from typing import Any

from trainers import program  # first: quiets TensorFlow

# isort: split
from absl import flags

from programs import interrupts
from tfvae.construction import lookup
from tfvae.data import manifest, record_writing
from trainers.experiments import define_config_flag
from trainers.records import preparation, record_plan

OUTPUT = flags.DEFINE_string("output", None, "Folder of the records.", required=True)
CONFIG = define_config_flag("Config of the data to convert: a name or a file.")
DATA = flags.DEFINE_string("data", None, "Reader of tfvae.data, in place of --config.")
ARGUMENTS = flags.DEFINE_multi_string(
    "argument", [], "NAME=VALUE: an argument of --data; repeat for further arguments."
)
PROCESSES = flags.DEFINE_integer(
    "processes", len(os.sched_getaffinity(0)), "Number of shards made at the same time."
)
SHARDS = flags.DEFINE_integer("shards", 0, "Files of each split; 0 chooses by size.")
DTYPE = flags.DEFINE_enum(
    "dtype",
    "auto",
    ["auto", *record_writing.DTYPES],
    "How values are stored; auto: uint8 if they have 8 bits, which is lossless.",
)
ENCODING = flags.DEFINE_enum(
    "encoding",
    "raw",
    list(record_writing.ENCODINGS),
    "raw is fastest to read, png smallest.",
)


def main() -> None:
    """Writes the records."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as Ctrl-C does
    for flag, value, least in (("processes", PROCESSES.value, 1), ("shards", SHARDS.value, 0)):
        if value < least:
            raise ValueError(f"--{flag} is {value}; it must be at least {least}")
    sources = _sources()
    directory = pathlib.Path(OUTPUT.value)
    planned = record_plan.plan(sources, DTYPE.value, ENCODING.value, SHARDS.value)
    print(
        f"{', '.join(f'{_examples(planned, s):,} examples ({s})' for s in planned.splits)} of "
        f"shape {list(planned.shape)} as {planned.dtype}, {planned.encoding}",
        flush=True,
    )
    try:
        with record_plan.claimed(directory, planned) as current:
            whole = preparation.prepare(
                directory, current, PROCESSES.value, lambda line: print(line, flush=True)
            )
    except KeyboardInterrupt:
        print(f"\nstopped; the same command resumes from the shards in {directory}")
        raise SystemExit(interrupts.INTERRUPTED) from None
    shards = whole.shards("all")
    size = sum(shard.bytes for shard in shards) / 1e6
    print(f"{directory}: {len(shards)} shards, {size:,.1f} MB, and {manifest.MANIFEST_FILE}")


def _sources() -> dict[str, dict[str, Any]]:
    """Name and arguments of the data of each split."""
    if bool(CONFIG.value) == bool(DATA.value):
        raise ValueError("give either --config=FILE, or --data=READER and --argument=NAME=VALUE")
    if CONFIG.value and ARGUMENTS.value:
        raise ValueError("--argument is for --data; give --config.data.NAME=VALUE")
    if DATA.value:
        spec = {"name": DATA.value, **dict(map(_argument, ARGUMENTS.value))}
        sources = {"all": json.loads(json.dumps(spec))}  # as the manifest will have it
    else:
        data = json.loads(CONFIG.value.data.to_json())
        changes = json.loads(CONFIG.value.evaluation.to_json()).get("data", {})
        sources = {"train": data, "test": {**data, **changes}} if changes else {"all": data}
    for spec in sources.values():
        lookup(spec["name"], "tfvae.data", "config.data.name")
    return sources


def _argument(text: str) -> tuple[str, Any]:
    """An argument and its value: a Python literal if it is one, else text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(f"--argument is {text!r}; it must be NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _examples(planned, split: str) -> int:
    return sum(shard.records for shard in planned.splits[split])


def cli() -> None:
    """Entry point."""
    program.run(main, OUTPUT)


if __name__ == "__main__":
    cli()
