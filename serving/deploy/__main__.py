r"""Writes the files that deploy the stock server with an exported model.

  python -m serving.deploy --export=saved_models/shapes --output=deploy/shapes

The program writes to --output: config/ with models.config (label stable), batching.config and
monitoring.config, which the embedded server accepts too; compose.yaml with the server, Prometheus
and a Grafana dashboard; kubernetes.yaml; prometheus_adapter.yaml; and README.md, which explains how
to start the server and switch versions.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from programs import interrupts  # noqa: F401  # first: Ctrl-C while the others are imported

# isort: split
from absl import flags

from programs import program
from programs.quiet import quiet_import
from serving.deploy import exported_model, files
from serving.deploy.exported_model import DeployError

_EXPORT = flags.DEFINE_string("export", "", "Base path: directory of a model's versions. Required.")
_OUTPUT = flags.DEFINE_string("output", "", "Directory to write the files to. Required.")
_MODEL_NAME = flags.DEFINE_string("model_name", "", "Name of the model; default: that of --export.")
_STABLE = flags.DEFINE_integer("stable", None, "Version labelled stable; default: the newest.")
_CANARY = flags.DEFINE_integer("canary", None, "Version labelled canary; default: none.")
_IMAGE = flags.DEFINE_string(
    "image",
    "tensorflow/serving:2.21.0",
    "Image of the stock server; not older than the TensorFlow that exported the model.",
)
_CPUS = flags.DEFINE_integer("cpus", 2, "Processors of one server.", 1)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace existing files.")


def main(argv: Sequence[str]) -> int:
    """Writes the files; returns the exit code."""
    try:
        _run(argv[1:])
    except (DeployError, OSError) as error:
        print(f"serving.deploy: {error}", file=sys.stderr)
        return 1
    return 0


def _run(arguments: Sequence[str]) -> None:
    if arguments:
        raise DeployError(f"unexpected argument {arguments[0]!r}; flags are written --name=value")
    for flag in (_EXPORT, _OUTPUT):
        if not flag.value:
            raise DeployError(f"--{flag.name} is required; see --help")
    with quiet_import():
        from tfvae.saved_model import ExportError  # noqa: PLC0415
    try:
        model = exported_model.read(Path(_EXPORT.value), _MODEL_NAME.value)
    except ExportError as error:
        raise DeployError(f"--export={_EXPORT.value}: {error}") from error
    labels = _labels(model.versions)
    output = Path(_OUTPUT.value)
    made = files.render(model, labels, _IMAGE.value, _CPUS.value)
    files.write(output, made, _OVERWRITE.value)
    named = ", ".join(f"{label} is version {number}" for label, number in labels.items())
    print(f"{output}: {len(made)} files for model {model.name}: {named}; see README.md there")


def _labels(versions: list[int]) -> dict[str, int]:
    labels = {"stable": versions[-1] if _STABLE.value is None else _STABLE.value}
    if _CANARY.value is not None:
        labels["canary"] = _CANARY.value
    for label, number in labels.items():
        if number not in versions:
            raise DeployError(f"--{label} is {number}; there are versions {versions}")
    return labels


def run() -> None:
    """Runs the program."""
    program.run(main)


if __name__ == "__main__":
    run()
