"""Evaluates a run: `python -m trainers.evaluate --workdir=runs/NAME --metrics=factor_vae`.

Prints and merges into results.json: ELBO, reconstruction and KL over the evaluation data, the
importance-weighted log-likelihood, and the metrics asked for. Results of an earlier step are
dropped.
"""

import math
import pathlib
import sys
import time

from trainers import program, runs  # first: quiets TensorFlow

# isort: split
import keras
import numpy as np
from absl import flags

import tfvae
from tfvae import noise
from trainers.construct import nearest
from trainers.scores import NEED_NO_FACTORS, SCORES, Codes
from trainers.scores import results as score_results

METRICS = flags.DEFINE_list("metrics", [], f"Metrics: some of {', '.join(SCORES)}.")
NUM_SAMPLES = flags.DEFINE_integer(
    "num_samples", 0, "Samples per example of the log-likelihood; 0 leaves it out."
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of all that is drawn.")
VOTES = flags.DEFINE_integer(
    "votes", 10_000, "Votes or observations that a metric is fitted on; half as many test it."
)

BATCH_SIZE = 100


def _log_likelihood(model, data, examples: int) -> dict[str, float]:
    """Mean and standard error over the evaluation data, example i drawn from seed row (seed, i)."""
    bar = keras.utils.Progbar(math.ceil(examples / BATCH_SIZE), unit_name="batch")
    values = np.zeros(0, np.float32)
    for images in data.epoch(BATCH_SIZE, SEED.value, examples):
        rows = noise.seed_rows(SEED.value, len(values) + len(images))[len(values) :]
        estimate = model.log_likelihood(images, NUM_SAMPLES.value, rows)
        values = np.concatenate([values, estimate.numpy()])
        if sys.stdout.isatty():
            bar.add(1)
    return {
        "log_likelihood": float(values.mean(dtype=np.float64)),
        "log_likelihood_standard_error": float(values.std(ddof=1) / math.sqrt(len(values))),
        "log_likelihood_num_samples": NUM_SAMPLES.value,
    }


def main() -> None:
    """Evaluates."""
    for name in METRICS.value:
        if name not in SCORES:
            raise ValueError(f"--metrics has {name!r}; {nearest(name, SCORES)}")
    if NUM_SAMPLES.value < 0:
        raise ValueError(f"--num_samples is {NUM_SAMPLES.value}; it must be 0 or more")
    model, data, config = runs.load(program.WORKDIR.value)
    for name in METRICS.value:
        known = isinstance(data, tfvae.data.GroundTruthDataset)
        if not known and name not in NEED_NO_FACTORS:
            raise ValueError(
                f"--metrics has {name}, which needs data with known factors; {config.data.name} "
                f"has none, and only {', '.join(NEED_NO_FACTORS)} do without"
            )
    examples = min(config.evaluation.examples or data.num_examples, data.num_examples)
    model.seed = SEED.value  # of the posterior's samples
    started = time.perf_counter()
    terms = model.evaluate(
        data.epoch(BATCH_SIZE, SEED.value, examples), verbose=0, return_dict=True
    )
    results = {"step": int(model.step), "examples": examples, "seed": SEED.value}
    results |= {name: float(value) for name, value in terms.items()}
    if NUM_SAMPLES.value:
        results |= _log_likelihood(model, data, examples)
    codes = Codes(model, data, SEED.value, VOTES.value)
    for name in METRICS.value:
        results |= score_results(name, codes)
        results[f"{name}_votes"] = VOTES.value
    results["evaluation_seconds"] = round(time.perf_counter() - started, 1)
    path = pathlib.Path(program.WORKDIR.value) / runs.RESULTS_FILE
    runs.write_json(path, {**runs.read_results(program.WORKDIR.value, results["step"]), **results})
    for name, value in results.items():
        print(f"{name:32s} {value:.4f}" if isinstance(value, float) else f"{name:32s} {value}")
    print(f"written to {path}")


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
