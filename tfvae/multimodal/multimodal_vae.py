"""The base of models of several modalities: posteriors for any subset, joint likelihoods."""

import functools
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from tfvae import noise
from tfvae.distributions.distribution_layer import distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.models import shapes
from tfvae.models.bound import Bound, Inference
from tfvae.models.latent_variable_model import LatentVariableModel
from tfvae.multimodal import checks
from tfvae.multimodal.modality import Modality
from tfvae.multimodal.observed import Observed, observed
from tfvae.multimodal.product import Product
from tfvae.multimodal.signatures import signatures
from tfvae.schedules import NumberOrSchedule

Data = Mapping[str, Any]


class MultimodalVAE(LatentVariableModel):
    """p(x_1, ..., x_M) = E_p(z)[prod_m p(x_m|z)], with a posterior for every subset of modalities.

    Data are dictionaries {name: [B, ...]} with any of the modalities; see `observed`. A subclass
    implements `posterior_given`, which returns q(z|x_A), and `objective`.

    Args:
        modalities: name to `Modality`; tables and signatures list them in this order.
        posterior: parameters of one encoder to q(z|.); a head.
        prior: callable without arguments that returns p(z), batch []; if None, a `StandardNormal`
            of the posterior's size.
        num_samples: posterior samples per example, k, at least 1.
        kl_warmup: factor on the KL terms of the loss, a number or a schedule of the step.
        gradient_estimator: one of the model's `gradient_estimators`.
        name: the model's name.

    Attributes:
        latent_shape: shape of a latent, (d,).

    Raises:
        ValueError: if sizes do not match (the message names the modality), a name is invalid, or
            the posterior cannot combine the given distributions.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        posterior,
        prior=None,
        num_samples: int = 1,
        kl_warmup: NumberOrSchedule = 1.0,
        gradient_estimator: str = "standard",
        name: str | None = None,
    ):
        checks.require_names(modalities)
        super().__init__(num_samples, kl_warmup, gradient_estimator, name)
        # Checkpoints list the weights in the order of these attributes.
        self.modalities = dict(modalities)
        self.posterior = posterior
        self.prior = shapes.prior_for(posterior, prior)
        self.latent_shape = shapes.latent_shape_of(self.prior)
        for key, modality in self.modalities.items():
            try:
                self.build_modality(modality)
            except ValueError as error:
                raise ValueError(f"modality {key!r}: {error}") from error
        self.term_names = (
            *LatentVariableModel.term_names,
            *(f"reconstruction_{key}" for key in self.modalities),
        )
        self.built = True
        self.require_uncoupled_samples()

    def build_modality(self, modality) -> None:
        """Builds a modality's networks."""
        modality.build_networks(self.posterior, self.prior)

    def typed(self, x: Data | Observed) -> Observed:
        """Converts a dictionary of modality name to values to an `Observed`."""
        return x if isinstance(x, Observed) else observed(x, self.modalities)

    def expert(self, name: str, x: Observed, training: bool = False):
        """Returns q(z|x_m) of modality `name` alone, batch [B]."""
        params = self.modalities[name].parameters(x.values[name], training)
        return distribution_of(self.posterior, params, training=training)

    def posterior_given(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]; A is at least one modality."""
        raise NotImplementedError(f"{type(self).__name__} must implement `posterior_given`")

    def encode(self, x: Data | Observed, training: bool = False):
        """Returns q(z|x_A) for any subset A of the modalities: batch [B], event [d].

        For the empty subset it returns the prior p(z), batch [].

        Raises:
            ValueError: for data that do not suit the modalities, naming them; not in graphs.
        """
        self.check_given(x)
        known = self.typed(x)
        if not known.values:
            return distribution_of(self.prior, training=training)
        return self.posterior_given(known, training)

    def decode(
        self, z: tf.Tensor, training: bool = False, names: Iterable[str] | None = None
    ) -> Product:
        """Returns p(x_1|z) p(x_2|z) ..., a mapping of names to distributions, batch [...].

        Args:
            z: latents [..., d].
            training: whether this is a training step.
            names: names of modalities; if None, all.
        """
        z = tf.convert_to_tensor(z)
        names = self.names if names is None else names
        factors = (Product({name: self.modalities[name](z, training)}) for name in names)
        return functools.reduce(operator.mul, factors)

    def likelihood_given(self, z, x: Observed, training: bool = False) -> Product:
        """Returns p(x_A|z), the product over the modalities of `x`."""
        return self.decode(z, training, x.values)

    def log_probs(self, p: Product, x: Observed) -> dict[str, tf.Tensor]:
        """Returns log p(x_m|z), [k, B], by modality; 0 for examples that lack the modality."""
        return p.log_probs(x)

    @property
    def weights_by_name(self) -> dict[str, float]:
        """The `weight` of each `Modality`."""
        return {name: modality.weight for name, modality in self.modalities.items()}

    def bound_under(self, q, x: Observed, seeds: tf.Tensor, training: bool = False) -> Bound:
        """Returns the parts of E_q[log p(x_A|z)] - KL(q || p(z)) for any posterior q, batch [B].

        Args:
            q: the posterior, which may be that of a part of `x`.
            x: data.
            seeds: int64 [B, 2]; the samples are drawn from these rows.
            training: whether this is a training step.
        """
        z = sample_with_seeds(q, seeds, self.num_samples)
        return self.bound_of(Inference(q, z, self.likelihood_given(z, x, training)), x, training)

    def terms(self, bound: Bound, objective: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the named terms of an `objective` [B] to be maximised."""
        nothing = tf.zeros_like(objective)
        return super().terms(bound, objective) | {
            f"reconstruction_{name}": bound.reconstructions.get(name, nothing)
            for name in self.modalities
        }

    def translate(self, x: Data, to: str, seed: noise.Seed | None = None) -> tf.Tensor:
        """Returns the mean of p(x_to|z) given any other modalities, [B, ...].

        Args:
            x: data of any modalities.
            to: name of the modality to return.
            seed: seed of z ~ q(z|x_A); if None, z is the posterior's mean.

        Raises:
            ValueError: for an unknown modality, or data that do not suit theirs.
        """
        if to not in self.modalities:
            raise ValueError(f"to is {to!r}; the modalities are {', '.join(self.modalities)}")
        q = self.encode(x)
        z = (
            q.mean()
            if seed is None
            else sample_with_seeds(q, noise.seed_rows(seed, self.typed(x).num_rows))[0]
        )
        return self.modalities[to](z).mean()

    def check_data(self, x: Data) -> None:
        """Raises ValueError if the data do not suit the modalities (the message names them).

        Inside a user's `tf.function` values are not known, and nothing is checked.
        """
        if tf.executing_eagerly():
            checks.check_data(x, self.modalities)

    def check_given(self, x: Data | Observed) -> None:
        """Raises ValueError for values to encode that do not suit the modalities; not in graphs.

        Examples may lack all modalities.
        """
        if tf.executing_eagerly() and not isinstance(x, Observed):
            checks.check_values(x, self.modalities)

    def modalities_by_name(self) -> dict[str, Any]:
        """Returns the modalities."""
        return self.modalities

    @property
    def data_shape(self) -> dict[str, tuple[int, ...]]:
        """Shape of an example of each modality."""
        return {name: modality.data_shape for name, modality in self.modalities.items()}

    @property
    def support(self) -> dict[str, tuple[float, float] | None]:
        """(low, high) of each modality's data; None if unbounded."""
        return {name: modality.support for name, modality in self.modalities.items()}

    def signatures(self, log_likelihood_samples: int = 64, subsets=None):
        """Returns the signatures of an export of the model; see `tfvae.multimodal.signatures`."""
        return signatures(self, log_likelihood_samples, subsets)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the modalities."""
        return tuple(self.modalities)
