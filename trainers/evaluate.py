"""Evaluates a run: `python -m trainers.evaluate --workdir=runs/NAME --metrics=log_likelihood`.

Prints and merges into results.json: ELBO, reconstruction and KL over the evaluation data, and the
metrics asked for. Likelihoods, with standard errors over the examples: log_likelihood by
importance weighting; bits_per_dimension, the same in bits; ais, by annealed importance sampling of
some examples; bidirectional, bounds from both sides on examples that the model makes. Results of
an earlier step are dropped.
"""

import pathlib
import sys
import time

from trainers import program  # first: quiets TensorFlow
from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import tensorflow as tf
from absl import flags

import tfvae
from tfvae.arguments import did_you_mean
from trainers.likelihoods import LIKELIHOODS, Asked
from trainers.scores import NEED_NO_FACTORS, SCORES, Codes
from trainers.scores import results as score_results

METRICS = flags.DEFINE_list(
    "metrics", [], f"Metrics: some of {', '.join([*LIKELIHOODS, *SCORES])}."
)
NUM_SAMPLES = flags.DEFINE_integer(
    "num_samples",
    None,
    "Samples per example of log_likelihood, 5000 where it is asked for; a number above 0 asks.",
)
AIS_STEPS = flags.DEFINE_integer(
    "ais_steps",
    None,
    "Steps of ais and bidirectional, 1000 where asked for; a number asks for ais.",
)
AIS_CHAINS = flags.DEFINE_integer("ais_chains", 16, "Chains per example of ais and bidirectional.")
AIS_EXAMPLES = flags.DEFINE_integer("ais_examples", 100, "Examples of ais and bidirectional.")
MEMORY_BUDGET = flags.DEFINE_integer(
    "memory_budget", None, "Bytes that the tensors of a likelihood may take at once."
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of all that is drawn.")
VOTES = flags.DEFINE_integer(
    "votes", 10_000, "Votes or observations that a metric is fitted on; half as many test it."
)
STRATEGY = flags.DEFINE_enum(
    "strategy",
    "one_device",
    ["one_device", "mirrored"],
    "One device, or all devices of this machine, among which examples are shared out.",
)

BATCH_SIZE = 100


def main() -> None:
    """Evaluates."""
    names = _names()
    strategy = tf.distribute.get_strategy()
    if STRATEGY.value == "mirrored":
        strategy = tf.distribute.MirroredStrategy()
    with strategy.scope():
        model, data, config = run_directory.load(program.WORKDIR.value)
    if isinstance(data, tfvae.data.MultimodalDataset) and set(names) - {"log_likelihood"}:
        raise ValueError(
            f"--metrics has {', '.join(names)}; of data of several modalities, such as "
            f"{config.data.name}, it is log_likelihood alone (see tfvae.metrics.coherence and "
            "cross_modal_accuracy)"
        )
    for name in names:
        known = isinstance(data, tfvae.data.GroundTruthDataset)
        if not known and name not in (*NEED_NO_FACTORS, *LIKELIHOODS):
            raise ValueError(
                f"--metrics has {name}, which needs data with known factors; {config.data.name} "
                f"has none, and only {', '.join([*NEED_NO_FACTORS, *LIKELIHOODS])} do without"
            )
    examples = min(config.evaluation.examples or data.num_examples, data.num_examples)
    model.seed = SEED.value  # of the posterior's samples
    started = time.perf_counter()
    terms = model.evaluate(
        data.epoch(BATCH_SIZE, SEED.value, examples), verbose=0, return_dict=True
    )
    results = {"step": int(model.step), "examples": examples, "seed": SEED.value}
    results |= {name: float(value) for name, value in terms.items()}
    asked = Asked(
        model=model,
        data=data,
        examples=examples,
        seed=SEED.value,
        num_samples=5000 if NUM_SAMPLES.value is None else NUM_SAMPLES.value,
        ais_steps=1000 if AIS_STEPS.value is None else AIS_STEPS.value,
        ais_chains=AIS_CHAINS.value,
        ais_examples=AIS_EXAMPLES.value,
        memory_budget=MEMORY_BUDGET.value,
        progress=sys.stdout.isatty(),
    )
    codes = Codes(model, data, SEED.value, VOTES.value)
    for name in names:
        if name in LIKELIHOODS:
            results |= LIKELIHOODS[name](asked)
        else:
            results |= score_results(name, codes) | {f"{name}_votes": VOTES.value}
    results["evaluation_seconds"] = round(time.perf_counter() - started, 1)
    path = pathlib.Path(program.WORKDIR.value) / run_directory.RESULTS_FILE
    run_directory.write_json(
        path, {**run_directory.read_results(program.WORKDIR.value, results["step"]), **results}
    )
    for name, value in results.items():
        print(f"{name:32s} {value:.4f}" if isinstance(value, float) else f"{name:32s} {value}")
    print(f"written to {path}")


def _names() -> list[str]:
    """The metrics asked for, each once, by name or by their numbers."""
    known = [*LIKELIHOODS, *SCORES]
    for name in METRICS.value:
        if name not in known:
            raise ValueError(f"--metrics has {name!r}; {did_you_mean(name, known)}")
    for flag in (NUM_SAMPLES, AIS_STEPS):
        if flag.value is not None and flag.value < 0:
            raise ValueError(f"--{flag.name} is {flag.value}; it must be 0 or more")
    for flag in (AIS_CHAINS, AIS_EXAMPLES, VOTES, MEMORY_BUDGET):
        if flag.value is not None and flag.value < 1:
            raise ValueError(f"--{flag.name} is {flag.value}; it must be at least 1")
    names = list(METRICS.value)
    for flag, needing in (
        (NUM_SAMPLES, {"log_likelihood", "bits_per_dimension"}),
        (AIS_STEPS, {"ais", "bidirectional"}),
    ):
        if flag.value == 0 and needing & set(names):
            raise ValueError(
                f"--{flag.name} is 0; it must be at least 1 for --metrics="
                f"{','.join(sorted(needing & set(names)))}"
            )
    if NUM_SAMPLES.value:
        names.append("log_likelihood")
    if AIS_STEPS.value and "bidirectional" not in names:
        names.append("ais")
    made_of_it = "bits_per_dimension" in names  # which gives the log_likelihood too
    return [n for n in dict.fromkeys(names) if not (made_of_it and n == "log_likelihood")]


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
