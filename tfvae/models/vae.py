"""The variational autoencoder: networks + distributions + one objective."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import require_at_least
from tfvae.distributions.distribution_layer import distribution_of, likelihood_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators import kl_divergence, path_kl_divergence
from tfvae.models import shapes
from tfvae.models.generative_model import GenerativeModel
from tfvae.models.signatures import signatures
from tfvae.priors import StandardNormal
from tfvae.schedules import NumberOrSchedule
from tfvae.training import checks


class Bound(NamedTuple):
    """What one pass over a batch gives; k samples, B examples, nats.

    Attributes:
        params: parameters of q(z|x), the encoder's outputs, [B, outputs].
        posterior: q(z|x), batch [B].
        latent: z ~ q(z|x), [k, B, d].
        likelihood: p(x|z), batch [k, B].
        reconstruction: E_q[log p(x|z)], mean over the samples, [B].
        kl: KL(q(z|x) || p(z)), [B].
    """

    params: tf.Tensor
    posterior: Any
    latent: tf.Tensor
    likelihood: Any
    reconstruction: tf.Tensor
    kl: tf.Tensor


@keras.saving.register_keras_serializable("tfvae")
class VAE(GenerativeModel):
    """L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)).

    Kingma & Welling 2014 (arXiv:1312.6114), equation 3. The base of all models of one modality.

    Args:
        encoder: Keras network, data [B, ...] to the posterior's parameters [B, outputs].
        decoder: Keras network, latents [B, d] to the likelihood's parameters [B, ..., outputs].
        posterior: parameters to q(z|x); a head, or any serialisable function.
        likelihood: parameters to p(x|z); a head, or any serialisable function (all axes before
            the data's are then batch axes).
        prior: nothing to p(z), batch []; `StandardNormal` of the posterior's size where None.
        num_samples: posterior samples per example, k, at least 1.
        kl_warmup: factor on the KL term of the loss, a number or a schedule of the step.
        gradient_estimator: "standard", or "stl": sticking the landing (Roeder et al. 2017,
            arXiv:1703.09194), where log q(z|x) in the KL has no gradient but through z, which
            vanishes as q(z|x) comes to be exact.
        name: the model's name.

    Raises:
        ValueError: where sizes do not fit together, naming them, or for another estimator.
    """

    gradient_estimators: tuple[str, ...] = ("standard", "stl")
    term_names: tuple[str, ...] = ("loss", "elbo", "reconstruction", "kl")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        posterior,
        likelihood,
        prior=None,
        num_samples: int = 1,
        kl_warmup: NumberOrSchedule = 1.0,
        gradient_estimator: str = "standard",
        name: str | None = None,
    ):
        require_at_least(1, num_samples=num_samples)
        if gradient_estimator not in self.gradient_estimators:
            raise ValueError(
                f"gradient_estimator is {gradient_estimator!r}; {type(self).__name__} takes "
                f"{' or '.join(map(repr, self.gradient_estimators))}"
            )
        super().__init__(name=name)
        self.encoder = encoder
        self.decoder = decoder
        self.posterior = posterior
        self.likelihood = likelihood
        self.prior = StandardNormal(shapes.latent_size(posterior)) if prior is None else prior
        self.num_samples = num_samples
        self.kl_warmup = kl_warmup
        self.gradient_estimator = gradient_estimator
        if hasattr(self.posterior, "attach"):  # one that corrects the prior, such as a ladder's
            self.posterior.attach(self.prior)
        self.latent_shape, self.data_shape = shapes.build_networks(self)
        if hasattr(self.prior, "attach"):  # a prior made of posteriors, such as VampPrior
            self.prior.attach(self.encode, self.data_shape, getattr(likelihood, "support", None))
        self.built = True

    def encode(self, x: tf.Tensor, training: bool = False):
        """Returns q(z|x) of data [B, ...]: batch [B], event [d]."""
        params = self.posterior_params(x, training)
        return distribution_of(self.posterior, params, training=training)

    def posterior_params(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the parameters of q(z|x), float32 [B, outputs]."""
        return tf.cast(self.encoder(x, training=training), tf.float32)

    def decode(self, z: tf.Tensor, training: bool = False):
        """Returns p(x|z) of latents [..., d]: batch [...], event the data's shape.

        Of a `HierarchicalPrior`'s latents the decoder sees the bottom layer, the last ones.
        """
        z = shapes.decoded_latents(self.prior, tf.convert_to_tensor(z))
        params = self.decoder(tf.reshape(z, [-1, z.shape[-1]]), training=training)
        shape = tf.concat([tf.shape(z)[:-1], params.shape[1:]], axis=0)
        params = tf.reshape(tf.cast(params, tf.float32), shape)
        return likelihood_of(self.likelihood, params, batch_ndims=z.shape.rank - 1)

    def bound(self, x: tf.Tensor, seeds: tf.Tensor, training: bool = False) -> Bound:
        """Returns the pieces of the evidence lower bound for data [B, ...], seeds [B, 2]."""
        x = tf.cast(x, tf.float32)
        params = self.posterior_params(x, training)
        q = distribution_of(self.posterior, params, training=training)  # q(z|x)
        z = sample_with_seeds(q, noise.fold_in(seeds, "posterior"), self.samples_per_example)
        p = self.decode(z, training)  # p(x|z)
        reconstruction = tf.reduce_mean(p.log_prob(x), axis=0)
        prior = distribution_of(self.prior, training=training)  # p(z)
        path = training and self.gradient_estimator == "stl"
        kl = (path_kl_divergence if path else kl_divergence)(q, prior, z)
        return Bound(params, q, z, p, reconstruction, kl)

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        return self.terms(bound, bound.reconstruction - self.kl_weight * bound.kl)

    def terms(self, bound: Bound, objective: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the named terms of an `objective` [B] to be maximised."""
        return {
            "loss": -objective,
            "elbo": bound.reconstruction - bound.kl,
            "reconstruction": bound.reconstruction,
            "kl": bound.kl,
        }

    @property
    def samples_per_example(self) -> int:
        """Samples of z for each example of a batch."""
        return self.num_samples

    def elbo(self, x: tf.Tensor, seed: noise.Seed = 0) -> tf.Tensor:
        """Returns the unweighted bound E_q[log p(x|z)] - KL(q(z|x) || p(z)), [B], nats."""
        self.check_data(x)
        bound = self.bound(x, noise.seed_rows(seed, tf.shape(x)[0]))
        return bound.reconstruction - bound.kl

    def log_weights(self, x, seeds, num_samples: int, first_sample=0) -> tf.Tensor:
        """Returns log w_i = log p(x, z_i) - log q(z_i|x), [num_samples, B], nats.

        Burda et al. 2016 (arXiv:1509.00519), equation 8; never with a closed-form KL.
        """
        x = tf.cast(x, tf.float32)
        q = self.encode(x)
        z = sample_with_seeds(q, noise.fold_in(seeds, "posterior"), num_samples, first_sample)
        p = self.decode(z)
        return p.log_prob(x) + self.prior().log_prob(z) - q.log_prob(z)

    def check_data(self, x: tf.Tensor) -> None:
        """Raises ValueError for data of another shape or range than the model's, or NaN.

        Inside a user's `tf.function` there are no values to look at, and nothing is checked.
        """
        if not tf.executing_eagerly():
            return
        checks.check_images(tf.convert_to_tensor(x), self.data_shape, self.support)

    @property
    def support(self) -> tuple[float, float] | None:
        """(low, high) of the data that the likelihood gives a probability to; None: unbounded."""
        return getattr(self.likelihood, "support", None)

    def signatures(self, log_likelihood_samples: int = 64, subsets=None):
        """Returns the signatures of an export of the model: `tfvae.models.signatures`.

        Raises:
            ValueError: for `subsets`, which are of several modalities.
        """
        if subsets is not None:
            raise ValueError(
                f"subsets is {subsets}; {type(self).__name__} has one modality: leave it out"
            )
        return signatures(self, log_likelihood_samples)
