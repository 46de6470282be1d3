"""The variational autoencoder: networks, distributions and one objective."""

import keras
import tensorflow as tf

from tfvae.distributions.distribution_layer import connect, distribution_of
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.models import shapes
from tfvae.models.bound import Inference
from tfvae.models.latent_variable_model import LatentVariableModel
from tfvae.schedules import NumberOrSchedule


@keras.saving.register_keras_serializable("tfvae")
class VAE(LatentVariableModel):
    """L(x) = E_q[log p(x|z)] - KL(q(z|x) || p(z)).

    Kingma & Welling 2014 (arXiv:1312.6114), equation 3. The base class of all models of one
    modality with an encoder.

    Args:
        encoder: Keras network, data [B, ...] to the posterior's parameters [B, outputs].
        decoder: Keras network, latents [B, d] to the likelihood's parameters [B, ..., outputs].
        posterior: parameters to q(z|x); a head, or any serialisable function.
        likelihood: parameters to p(x|z); a head, or any serialisable function (all axes before
            the data's are then batch axes).
        prior: callable without arguments that returns p(z), batch []; if None, a `StandardNormal`
            of the posterior's size.
        num_samples: posterior samples per example, k, at least 1.
        kl_warmup: factor on the KL term of the loss, a number or a schedule of the step.
        gradient_estimator: "standard", or "stl": sticking the landing (Roeder et al. 2017,
            arXiv:1703.09194): log q(z|x) in the KL has a gradient through z only, which vanishes
            as q(z|x) becomes exact.
        name: the model's name.

    Raises:
        ValueError: if sizes do not match (the message gives them), or the estimator is unknown.
    """

    gradient_estimators: tuple[str, ...] = ("standard", "stl")

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
        super().__init__(num_samples, kl_warmup, gradient_estimator, name)
        # Checkpoints list the weights in the order of these attributes.
        self.encoder = encoder
        self.decoder = decoder
        self.posterior = posterior
        self.likelihood = likelihood
        self.prior = shapes.prior_for(posterior, prior)
        connect(self.posterior, self)
        shapes.require_same_layers(posterior, self.prior)
        self.latent_shape = shapes.latent_shape_of(self.prior)
        self.data_shape = shapes.build_decoder(decoder, likelihood, self.prior)
        shapes.build_encoder(encoder, posterior, self.prior, self.data_shape)
        connect(self.prior, self)
        self.built = True
        self.require_uncoupled_samples()

    def encode(self, x: tf.Tensor, training: bool = False):
        """Returns q(z|x) of data [B, ...]: batch [B], event [d].

        Raises:
            ValueError: for data of another shape or range than the model's, or NaN; not in graphs.
        """
        self.check_given(x)
        params = self.posterior_params(x, training)
        return distribution_of(self.posterior, params, training=training)

    def posterior_params(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the parameters of q(z|x), float32 [B, outputs]."""
        return tf.cast(self.encoder(x, training=training), tf.float32)

    def decode(self, z: tf.Tensor, training: bool = False):
        """Returns p(x|z) for latents [..., d]: batch [...], event the data's shape.

        With a `HierarchicalPrior` the decoder uses the bottom layer only, the last dimensions.
        """
        z = shapes.decoded_latents(self.prior, tf.convert_to_tensor(z))
        return shapes.decoded(self.decoder, self.likelihood, z, training)

    def infer(self, x, seeds, num_samples=1, first_sample=0, training=False):
        """Returns q(z|x), samples z from it, p(x|z) and the parameters of q(z|x)."""
        params = self.posterior_params(x, training)
        q = distribution_of(self.posterior, params, training=training)  # q(z|x)
        z = sample_with_seeds(q, seeds, num_samples, first_sample)
        return Inference(q, z, self.decode(z, training), params)

    def objective(self, x, seeds, training):
        """Returns the terms of the loss, each [B] in nats."""
        bound = self.bound(x, seeds, training)
        return self.terms(bound, bound.reconstruction - self.kl_weight * bound.kl)
