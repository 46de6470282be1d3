"""The base of models of several modalities: posteriors of any subset, joint likelihoods."""

import functools
import operator
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import kl_divergence
from tfvae.models.generative_model import GenerativeModel
from tfvae.models.shapes import latent_size
from tfvae.multimodal import checks
from tfvae.multimodal.modality import Modality
from tfvae.multimodal.observed import Observed, observed
from tfvae.multimodal.product import Product
from tfvae.multimodal.signatures import signatures
from tfvae.priors import StandardNormal
from tfvae.schedules import NumberOrSchedule

Data = Mapping[str, Any]


class Bound(NamedTuple):
    """The pieces of a bound on log p(x_A) under a posterior; k samples, B examples, nats.

    Attributes:
        latent: z ~ q, [k, B, d].
        reconstructions: E_q[log p(x_m|z)], [B], of the modalities in A.
        weighted: sum_m weight_m E_q[log p(x_m|z)], [B].
        kl: KL(q || p(z)), [B].
    """

    latent: tf.Tensor
    reconstructions: dict[str, tf.Tensor]
    weighted: tf.Tensor
    kl: tf.Tensor

    @property
    def reconstruction(self) -> tf.Tensor:
        """E_q[log p(x_A|z)], [B]."""
        return tf.add_n(list(self.reconstructions.values()))


class MultimodalVAE(GenerativeModel):
    """p(x_1, ..., x_M) = E_p(z)[prod_m p(x_m|z)], with a posterior of every subset of modalities.

    Data are dictionaries {name: [B, ...]} of any of the modalities (`Observed`); a subclass says
    what q(z|x_A) is (`infer`) and what is maximised (`objective`).

    Args:
        modalities: name to `Modality`; their order is that of every table and signature.
        posterior: parameters of one encoder to q(z|.); a head.
        prior: nothing to p(z), batch []; `StandardNormal` of the posterior's size where None.
        num_samples: posterior samples per example, k, at least 1.
        kl_warmup: factor on the KL terms of the loss, a number or a schedule of the step.
        name: the model's name.

    Attributes:
        latent_shape: shape of a latent, (d,).

    Raises:
        ValueError: where sizes do not fit together, naming the modality, for a name that cannot
            be one, or distributions that the model's posterior cannot be made of.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        posterior,
        prior=None,
        num_samples: int = 1,
        kl_warmup: NumberOrSchedule = 1.0,
        name: str | None = None,
    ):
        require_at_least(1, num_samples=num_samples)
        checks.require_names(modalities)
        super().__init__(name=name)
        self.modalities = dict(modalities)
        self.posterior = posterior
        self.prior = StandardNormal(latent_size(posterior)) if prior is None else prior
        self.num_samples = num_samples
        self.kl_warmup = kl_warmup
        for key, modality in self.modalities.items():
            try:
                self.latent_shape = self.build_modality(modality)
            except ValueError as error:
                raise ValueError(f"modality {key!r}: {error}") from error
        self.term_names = (
            *("loss", "elbo", "reconstruction", "kl"),
            *(f"reconstruction_{key}" for key in self.modalities),
        )
        self.built = True

    def build_modality(self, modality) -> tuple[int, ...]:
        """Builds a modality's networks; returns the shape of a latent."""
        return modality.build_networks(self.posterior, self.prior)

    def observed(self, x: Data) -> Observed:
        """Returns what `x` says, a dictionary of modality name to values."""
        return x if isinstance(x, Observed) else observed(x, self.modalities)

    def expert(self, name: str, x: Observed, training: bool = False):
        """Returns q(z|x_m) of modality `name` alone, batch [B]."""
        params = self.modalities[name].parameters(x.values[name], training)
        return distribution_of(self.posterior, params, training=training)

    def infer(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B], A being what is there of at least one modality."""
        raise NotImplementedError(f"{type(self).__name__} must implement `infer`")

    def encode(self, x: Data, training: bool = False):
        """Returns q(z|x_A) of any subset A of the modalities: batch [B], event [d].

        Of the empty one it is the prior p(z), batch [].
        """
        known = self.observed(x)
        if not known.values:
            return distribution_of(self.prior, training=training)
        return self.infer(known, training)

    def decode(
        self, z: tf.Tensor, training: bool = False, names: Iterable[str] | None = None
    ) -> Product:
        """Returns p(x_1|z) p(x_2|z) ..., a dictionary of distributions, batch [...].

        Args:
            z: latents [..., d].
            training: whether this is a training step.
            names: of the modalities; all of them where None.
        """
        z = tf.convert_to_tensor(z)
        names = self.names if names is None else names
        factors = (Product({name: self.modalities[name](z, training)}) for name in names)
        return functools.reduce(operator.mul, factors)

    def bound(self, x: Observed, q, seeds: tf.Tensor, training: bool = False) -> Bound:
        """Returns the pieces of E_q[log p(x_A|z)] - KL(q || p(z)) for posteriors q [B]."""
        z = sample_with_seeds(q, seeds, self.num_samples)
        p = self.decode(z, training, x.values)  # p(x_1|z) ... p(x_M|z)
        log_probs = p.log_probs(x)
        reconstructions = {name: tf.reduce_mean(term, axis=0) for name, term in log_probs.items()}
        weighted = tf.add_n([self.modalities[m].weight * e for m, e in reconstructions.items()])
        prior = distribution_of(self.prior, training=training)  # p(z)
        return Bound(z, reconstructions, weighted, kl_divergence(q, prior, z))

    def terms(self, objective: tf.Tensor, reconstructions, kl: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the named terms of an `objective` [B] to be maximised.

        Args:
            objective: [B].
            reconstructions: of each modality that the data have, [B].
            kl: [B].
        """
        reconstruction = tf.add_n(list(reconstructions.values()))
        nothing = tf.zeros_like(objective)
        named = {
            f"reconstruction_{name}": reconstructions.get(name, nothing) for name in self.modalities
        }
        return {
            "loss": -objective,
            "elbo": reconstruction - kl,
            "reconstruction": reconstruction,
            "kl": kl,
            **named,
        }

    def translate(self, x: Data, to: str, seed: noise.Seed | None = None) -> tf.Tensor:
        """Returns the mean of p(x_to|z) given any other modalities, [B, ...].

        Args:
            x: data of any modalities.
            to: name of the modality asked for.
            seed: z ~ q(z|x_A) is drawn by it; z is the posterior's mean where None.

        Raises:
            ValueError: for an unknown modality.
        """
        if to not in self.modalities:
            raise ValueError(f"to is {to!r}; the modalities are {', '.join(self.modalities)}")
        known = self.observed(x)
        q = self.encode(x)
        z = (
            q.mean()
            if seed is None
            else sample_with_seeds(q, noise.seed_rows(seed, known.num_rows))[0]
        )
        return self.modalities[to](z).mean()

    def elbo(self, x: Data, seed: noise.Seed = 0) -> tf.Tensor:
        """Returns the unweighted bound on log p(x_A), E_q[log p(x_A|z)] - KL(q || p(z)), [B]."""
        self.check_data(x)
        known = self.observed(x)
        seeds = noise.fold_in(noise.seed_rows(seed, known.num_rows), "posterior")
        bound = self.bound(known, self.infer(known), seeds)
        return bound.reconstruction - bound.kl

    def log_weights(self, x: Data, seeds, num_samples: int, first_sample=0) -> tf.Tensor:
        """Returns log w_i = log p(x_A, z_i) - log q(z_i|x_A), [num_samples, B], nats."""
        known = self.observed(x)
        q = self.infer(known)
        z = sample_with_seeds(q, noise.fold_in(seeds, "posterior"), num_samples, first_sample)
        return (
            self.decode(z, names=known.values).log_prob(known)
            + self.prior().log_prob(z)
            - q.log_prob(z)
        )

    def check_data(self, x: Data) -> None:
        """Raises ValueError for data that do not suit the modalities, naming them.

        Inside a user's `tf.function` there are no values to look at, and nothing is checked.
        """
        if tf.executing_eagerly():
            checks.check_data(x, self.modalities)

    @property
    def data_shape(self) -> dict[str, tuple[int, ...]]:
        """Shape of an example of each modality."""
        return {name: modality.data_shape for name, modality in self.modalities.items()}

    @property
    def support(self) -> dict[str, tuple[float, float] | None]:
        """(low, high) of each modality's data; None: unbounded."""
        return {name: modality.support for name, modality in self.modalities.items()}

    def signatures(self, log_likelihood_samples: int = 64, subsets=None):
        """Returns what an export of the model offers: `tfvae.multimodal.signatures`."""
        return signatures(self, log_likelihood_samples, subsets)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the modalities."""
        return tuple(self.modalities)
