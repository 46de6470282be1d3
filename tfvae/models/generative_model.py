"""What models of one modality and of several share: how they are called, sampled and saved."""

from typing import Any

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import constructor_arguments
from tfvae.coefficients import Coefficient
from tfvae.construction.for_data import ForData
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.evaluation import likelihood as likelihoods
from tfvae.training.trainable_model import TrainableModel


class GenerativeModel(ForData, TrainableModel):
    """A prior p(z), a posterior q(z|x) and a likelihood p(x|z), trained by a subclass's objective.

    A subclass sets `prior` and `kl_warmup`, and implements `encode`, `decode` and `log_weights`.
    """

    prior: Any
    kl_warmup = Coefficient()

    def encode(self, x, training: bool = False):
        """Returns q(z|x) of data: batch [B], event [d]."""
        raise NotImplementedError(f"{type(self).__name__} must implement `encode`")

    def decode(self, z: tf.Tensor, training: bool = False):
        """Returns p(x|z) of latents [..., d], batch [...]."""
        raise NotImplementedError(f"{type(self).__name__} must implement `decode`")

    def log_weights(self, x, seeds, num_samples: int, first_sample=0) -> tf.Tensor:
        """Returns log p(x, z_i) - log q(z_i|x), [num_samples, B], nats."""
        raise NotImplementedError(f"{type(self).__name__} must implement `log_weights`")

    @property
    def kl_weight(self):
        """The factor on the KL terms at this step."""
        return self.kl_warmup

    def require_uncoupled_samples(self) -> None:
        """Checks that the gradient estimator suits the networks.

        Raises:
            ValueError: for "dreg" with batch normalisation, under which one sample's density
                depends on the others and that estimator is biased.
        """
        normalised = (keras.layers.BatchNormalization,)
        if getattr(self, "gradient_estimator", "") == "dreg" and any(
            isinstance(layer, normalised) for layer in self._flatten_layers()
        ):
            raise ValueError(
                "gradient_estimator is 'dreg', which is biased where batch normalisation couples "
                "the samples; take 'standard', or networks without batch_normalization"
            )

    def call(self, inputs, training: bool = False):
        """Returns the mean of p(x|z) at the posterior's mean, of the data's shape."""
        return self.decode(self.encode(inputs, training).mean(), training).mean()

    def sample(self, num_samples: int, seed: noise.Seed = 0):
        """Returns `num_samples` examples: the means of p(x|z), z ~ p(z); [num_samples, ...]."""
        return self.decode(self.sample_latent(noise.seed_rows(seed, num_samples))).mean()

    def sample_latent(self, seeds: tf.Tensor) -> tf.Tensor:
        """Returns z ~ p(z), [B, d], one for each seed row [B, 2]."""
        return sample_with_seeds(self.prior(), seeds)[0]

    def encode_sample(self, x, seeds: tf.Tensor) -> tf.Tensor:
        """Returns z ~ q(z|x), [B, d], for data of B rows and seed rows [B, 2].

        A signature's one draw takes the caller's rows as they are: its noise is that of
        `tf.random.stateless_normal(seed=row, alg="philox")`, as it is in `sample`.
        """
        return sample_with_seeds(self.encode(x), seeds)[0]

    def log_likelihood(self, x, num_samples: int = 5000, seed: noise.Seed = 0) -> tf.Tensor:
        """Returns the importance-weighted estimate of log p(x), [B], nats.

        A lower bound in expectation, rising with `num_samples`; see
        `tfvae.evaluation.log_likelihood`, which also takes a memory budget.
        """
        return likelihoods.log_likelihood(self, x, num_samples, seed)

    def get_config(self) -> dict:
        """Returns the constructor's arguments, serialised."""
        settings = {
            name: self.coefficients[name] if name in self.coefficients else getattr(self, name)
            for name in constructor_arguments(type(self))
        }
        return {
            name: keras.saving.serialize_keras_object(value) for name, value in settings.items()
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Returns the model of `get_config`, with new weights."""
        return cls(**keras.saving.deserialize_keras_object(config, custom_objects=custom_objects))
