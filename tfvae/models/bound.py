"""The results of one pass through a latent-variable model, and its evidence lower bound."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf


class Inference(NamedTuple):
    """One pass over a batch; k samples, B examples.

    Attributes:
        posterior: q(z|x), batch [B].
        latents: z ~ q(z|x), [k, B, d].
        likelihood: p(x|z), batch [k, B].
        params: parameters of q(z|x), [B, outputs]; None if no single encoder gives them.
    """

    posterior: Any
    latents: tf.Tensor
    likelihood: Any
    params: tf.Tensor | None = None


@dataclasses.dataclass(frozen=True)
class Bound:
    """The parts of E_q[log p(x|z)] - KL(q(z|x) || p(z)); B examples, nats.

    Attributes:
        reconstructions: E_q[log p(x_m|z)], mean over the samples, [B], by modality.
        kl: KL(q(z|x) || p(z)), [B].
        weights: factors on the reconstructions in the loss, by modality; 1 if not given.
        inference: the `Inference` behind the bound; None for a mean of several bounds.
    """

    reconstructions: Mapping[str, tf.Tensor]
    kl: tf.Tensor
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)
    inference: Any = None

    @property
    def reconstruction(self) -> tf.Tensor:
        """E_q[log p(x|z)], the sum over the modalities, [B]."""
        return total(self.reconstructions.values())

    @property
    def weighted(self) -> tf.Tensor:
        """sum_m weight_m E_q[log p(x_m|z)], [B]."""
        return total([self.weights.get(m, 1.0) * e for m, e in self.reconstructions.items()])

    @property
    def elbo(self) -> tf.Tensor:
        """The bound itself, never weighted, [B]."""
        return self.reconstruction - self.kl

    @property
    def params(self):
        """Parameters of q(z|x), [B, outputs]."""
        return self.inference.params

    @property
    def posterior(self):
        """q(z|x), batch [B]."""
        return self.inference.posterior

    @property
    def latents(self) -> tf.Tensor:
        """z ~ q(z|x), [k, B, d]."""
        return self.inference.latents

    @property
    def likelihood(self):
        """p(x|z), batch [k, B]."""
        return self.inference.likelihood


class LogDensities(NamedTuple):
    """Log-densities of samples z ~ q(z|x), in nats.

    Attributes:
        likelihoods: log p(x_m|z), [k, B], by modality.
        likelihood: sum_m weight_m log p(x_m|z), [k, B].
        prior: log p(z), [k, B].
        posterior: log q(z|x), [k, B].
    """

    likelihoods: dict[str, tf.Tensor]
    likelihood: tf.Tensor
    prior: tf.Tensor
    posterior: tf.Tensor

    @property
    def log_weights(self) -> tf.Tensor:
        """log w = log p(x, z) - log q(z|x), [k, B]."""
        return self.likelihood + self.prior - self.posterior

    def warmed_up(self, kl_weight) -> tf.Tensor:
        """Returns log w with a factor on its KL part, [k, B]."""
        return self.likelihood + kl_weight * (self.prior - self.posterior)

    def bound(self, kl: tf.Tensor | None = None) -> Bound:
        """Returns the evidence lower bound over the samples; `kl` [B] replaces its KL if given."""
        reconstructions = {
            name: tf.reduce_mean(term, axis=0) for name, term in self.likelihoods.items()
        }
        if kl is None:
            kl = tf.reduce_mean(self.posterior - self.prior, axis=0)
        return Bound(reconstructions, kl)


def total(terms: Iterable[tf.Tensor]) -> tf.Tensor:
    """Returns the sum of tensors of one shape."""
    terms = list(terms)
    return terms[0] if len(terms) == 1 else tf.add_n(terms)
