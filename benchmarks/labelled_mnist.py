"""Images and labels of MNIST: the likelihoods of JMVAE, Suzuki et al. 2016 (arXiv:1611.01891).

Run: python -m trainers.train --config=jmvae_labelled_mnist \
         --workdir=runs/jmvae_labelled_mnist
     python -m benchmarks.labelled_mnist --workdir=runs/jmvae_labelled_mnist

log p(image) is estimated twice, with z ~ q(z|image) and with z ~ q(z|image, digit) as in the paper;
the weights of the latter are p(image|z) p(z) / q(z|image, digit).
"""

import math
import pathlib

from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import numpy as np
import tensorflow as tf
from absl import app, flags

from storage import atomic
from tfvae import evaluation, metrics, noise, plots
from tfvae.distributions.sampling import sample_with_seeds

_WORKDIR = flags.DEFINE_string("workdir", "runs/jmvae_labelled_mnist", "Directory of the run.")
_EXAMPLES = flags.DEFINE_integer("examples", 2_000, "Number of test examples.")
_SAMPLES = flags.DEFINE_integer("samples", 1_000, "Samples per example.")
_RESULTS = pathlib.Path(__file__).parent / "results" / "labelled_mnist"
_CHUNK = 100  # examples per batch


def image_by_joint_posterior(model, x: dict[str, np.ndarray], seeds: tf.Tensor) -> tf.Tensor:
    """Returns log p(image) in nats, [B], by importance sampling with q(z|image, digit)."""
    q = model.encode(x)
    z = sample_with_seeds(q, seeds, _SAMPLES.value)
    p = model.decode(z, names=["image"])["image"]
    log_weights = p.log_prob(x["image"]) + model.prior().log_prob(z) - q.log_prob(z)
    return tf.reduce_logsumexp(log_weights, axis=0) - math.log(_SAMPLES.value)


def main(_) -> None:
    """Measures, plots and writes the results."""
    model, data, _ = run_directory.load(_WORKDIR.value)
    (x,) = data.epoch(_EXAMPLES.value, limit=_EXAMPLES.value)
    x = {name: np.asarray(values) for name, values in x.items()}
    image, digit = {"image": x["image"]}, {"digit": x["digit"]}
    seeds = noise.seed_rows(0, _EXAMPLES.value)
    parts = [slice(i, i + _CHUNK) for i in range(0, _EXAMPLES.value, _CHUNK)]
    by_joint = [
        image_by_joint_posterior(model, {k: v[part] for k, v in x.items()}, seeds[part])
        for part in parts
    ]
    estimates = {
        "joint": evaluation.log_likelihood(model, x, _SAMPLES.value),
        "image": evaluation.log_likelihood(model, image, _SAMPLES.value),
        "image_by_joint_posterior": tf.concat(by_joint, axis=0),
        "image_given_digit": evaluation.conditional_log_likelihood(
            model, image, digit, _SAMPLES.value
        ),
    }
    results = {
        "step": int(model.step),
        "examples": _EXAMPLES.value,
        "samples": _SAMPLES.value,
        "accuracy_digit_from_image": metrics.cross_modal_accuracy(model, data, ["image"], "digit"),
    }
    for name, values in estimates.items():
        error = np.std(values) / math.sqrt(_EXAMPLES.value)
        results |= {name: float(np.mean(values)), f"{name}_standard_error": float(error)}
    _RESULTS.mkdir(parents=True, exist_ok=True)
    atomic.write_json(_RESULTS / "likelihoods.json", results)
    figure = plots.generated(model, [{"digit": value} for value in range(10)], "image")
    figure.savefig(_RESULTS / "generated.png")
    print(results)


if __name__ == "__main__":
    app.run(main)
