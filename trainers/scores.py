"""Metrics of disentanglement by the names of `--metrics`, from one set of codes of a run's data."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from trainers import program  # noqa: F401  # first: quiets TensorFlow

# isort: split
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae
from tfvae import evaluation, metrics
from tfvae.estimators.aggregate_posterior import marginals

BATCH_SIZE = 500
NEED_NO_FACTORS = ("active_units", "gaussian_total_correlation", "kl_decomposition")


class Codes:
    """Posterior means of observations, encoded once on first use and shared by the metrics.

    Args:
        model: encodes the observations.
        data: the run's evaluation data.
        seed: of the observations and of a metric's random draws.
        num_train: observations, or votes, to fit a metric on; half as many test it.
    """

    def __init__(self, model, data, seed: int, num_train: int):
        self.model, self.data, self.seed = model, data, seed
        self.num_train, self.num_test = num_train, max(1, num_train // 2)
        self.encode = tf.function(lambda x: model.encode(x).mean(), reduce_retracing=True)

    @functools.cached_property
    def _observed(self) -> tuple[np.ndarray, np.ndarray | None]:
        size = self.num_train + self.num_test
        if isinstance(self.data, tfvae.data.GroundTruthDataset):
            factors = self.data.sample_factors(size, self.seed)
            images: Iterator = (self.data.images(part) for part in _parts(factors))
        else:
            factors = None
            images = iter(self.data.epoch(BATCH_SIZE, self.seed, size))
        return np.concatenate([self.encode(batch) for batch in images]), factors

    @property
    def train(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Codes [n, d] to fit on and their factors [n, K], None if unknown."""
        codes, factors = self._observed
        first = slice(self.num_train)
        return codes[first], None if factors is None else factors[first]

    @property
    def test(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Codes to score on and their factors."""
        codes, factors = self._observed
        rest = slice(self.num_train, None)
        return codes[rest], None if factors is None else factors[rest]


def _parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[i : i + BATCH_SIZE] for i in range(0, len(rows), BATCH_SIZE))


def _on_codes(metric: Callable) -> Callable:
    return lambda codes: metric(*codes.train)


def _held_out(metric: Callable) -> Callable:
    return lambda codes: metric(*codes.train, *codes.test, codes.seed)


def _voted(metric: Callable) -> Callable:
    return lambda codes: metric(
        codes.encode, codes.data, codes.seed, num_train=codes.num_train, num_test=codes.num_test
    )


def _aggregate_mig(codes: Codes) -> float:
    """The MIG over every image of the data, as published."""
    factors = codes.data.factors(np.arange(codes.data.num_examples))
    encode = tf.function(lambda x: _mean_and_stddev(codes.model.encode(x)), reduce_retracing=True)
    parameters = [encode(codes.data.images(part)) for part in _parts(factors)]
    means, stddevs = (np.concatenate(each) for each in zip(*parameters, strict=True))
    return metrics.mutual_information_gap_aggregate(
        means, stddevs, factors, codes.seed, codes.num_train
    )


def _mean_and_stddev(q) -> tuple[tf.Tensor, tf.Tensor]:
    each = marginals(q)
    if not isinstance(each, tfd.Normal):
        raise ValueError(
            f"--metrics has aggregate_mig, which needs a normal posterior, not {q.name}"
        )
    return each.mean(), each.stddev()


def _kl_decomposition(codes: Codes) -> evaluation.KLDecomposition:
    images = codes.data.epoch(BATCH_SIZE, codes.seed, codes.num_train)
    posteriors = [codes.model.encode(batch) for batch in images]
    return evaluation.decompose_kl(posteriors, codes.model.prior(), codes.num_train, codes.seed)


SCORES: dict[str, Callable] = {
    "factor_vae": _voted(metrics.factor_vae_score),
    "higgins": _voted(metrics.higgins_score),
    "mig": _on_codes(metrics.mutual_information_gap),
    "aggregate_mig": _aggregate_mig,
    "dci": _held_out(metrics.dci),
    "sap": _held_out(metrics.sap_score),
    "modularity": _on_codes(metrics.modularity),
    "explicitness": _held_out(metrics.explicitness),
    "irs": _on_codes(metrics.interventional_robustness_score),
    "gaussian_total_correlation": _on_codes(metrics.gaussian_total_correlation),
    "active_units": _on_codes(metrics.active_units),
    "kl_decomposition": _kl_decomposition,
}


def results(name: str, codes: Codes) -> dict[str, float]:
    """Returns the entries of a metric in results.json: NAME_score, or NAME_FIELD for each field."""
    value: Any = SCORES[name](codes)
    fields = value._asdict() if hasattr(value, "_asdict") else {"score": value}
    return {f"{name}_{field}": number for field, number in fields.items()}
