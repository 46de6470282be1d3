"""Exports a run: `python -m trainers.export --workdir=runs/NAME --model_base_path=PATH/NAME`."""

import json

from trainers import program, runs  # first: quiets TensorFlow

# isort: split
from absl import flags

import tfvae

MODEL_BASE_PATH = flags.DEFINE_string(
    "model_base_path",
    None,
    "Directory of the model's versions; its last part is the name.",
    required=True,
)
VERSION = flags.DEFINE_integer("version", None, "Version to write; the next one where left out.")
LOG_LIKELIHOOD_SAMPLES = flags.DEFINE_integer(
    "log_likelihood_samples", 64, "Samples per example of the log_likelihood signature."
)


def main() -> None:
    """Exports."""
    model, _, config = runs.load(program.WORKDIR.value)
    facts = {
        "run_config": json.loads(config.to_json()),
        "data": config.data.name,
        "metrics": runs.read_results(program.WORKDIR.value, int(model.step)),
    }
    path = tfvae.export(
        model, MODEL_BASE_PATH.value, VERSION.value, LOG_LIKELIHOOD_SAMPLES.value, facts
    )
    print(f"{path}: every signature ran on TensorFlow's C API at batch 0, 1 and 3")


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
