"""Exports a run: `python -m trainers.export --workdir=runs/NAME --model_base_path=PATH/NAME`."""

import json
import pathlib

from trainers import program  # first: quiets TensorFlow
from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import tensorflow as tf
from absl import flags

import tfvae
from tfvae.multimodal.observed import PRESENT
from tfvae.saved_model import stored_weights
from tfvae.saved_model.assets import CARD_FILE

MODEL_BASE_PATH = flags.DEFINE_string(
    "model_base_path",
    None,
    "Directory of the model's versions; its last part is the model's name.",
    required=True,
)
VERSION = flags.DEFINE_integer("version", None, "Version to write; the next one by default.")
LOG_LIKELIHOOD_SAMPLES = flags.DEFINE_integer(
    "log_likelihood_samples", 64, "Samples per example of the log_likelihood signature."
)
WEIGHTS = flags.DEFINE_enum(
    "weights",
    "float32",
    stored_weights.FORMS,
    "How matrices and kernels are stored; the model card states the error of bfloat16 and int8.",
)
ERROR_EXAMPLES = flags.DEFINE_integer(
    "error_examples", 512, "Test examples to measure the error of --weights on.", 1
)


def main() -> None:
    """Exports the newest model of --workdir."""
    # In float32 regardless of training: every server supports it, and the weights are float32.
    model, data, config = run_directory.load(program.WORKDIR.value, precision="float32")
    facts = {
        "run_config": json.loads(config.to_json()),
        "data": config.data.name,
        "data_facts": getattr(data, "facts", {}),  # such as a table's standardisation
        "metrics": run_directory.read_results(program.WORKDIR.value, int(model.step)),
    }
    path = tfvae.export(
        model,
        MODEL_BASE_PATH.value,
        VERSION.value,
        LOG_LIKELIHOOD_SAMPLES.value,
        facts,
        weights=WEIGHTS.value,
        examples=None if WEIGHTS.value == "float32" else _examples(data),
    )
    print(f"{path}: every signature ran on TensorFlow's C API at batch 0, 1 and 3")
    if WEIGHTS.value != "float32":
        _print_error(path)


def _examples(data: tfvae.data.Dataset):
    """Test examples; of several modalities, those that have all of them."""
    (x,) = data.epoch(ERROR_EXAMPLES.value, limit=ERROR_EXAMPLES.value)
    if not isinstance(x, dict) or PRESENT not in x:
        return x
    whole = tf.reduce_all(tf.stack(list(x.pop(PRESENT).values())), axis=0)
    return {name: tf.boolean_mask(values, whole) for name, values in x.items()}


def _print_error(path: pathlib.Path) -> None:
    weights = json.loads((path / "assets.extra" / CARD_FILE).read_text())["weights"]
    ratio = weights["bytes"] / weights["bytes_of_float32"]
    print(f"{weights['dtype']} weights: {ratio:.2f} of the size; differences from float32:")
    for signature, outputs in weights["error"].items():
        for output, error in outputs.items():
            print(f"  {signature} {output}: mean {error['mean']:.2g}, largest {error['max']:.2g}")


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
