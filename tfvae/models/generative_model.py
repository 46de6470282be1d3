"""The base of all models that decode latents: a prior and a decoder."""

from typing import Any

import keras
import tensorflow as tf

from tfvae import noise
from tfvae.arguments import constructor_arguments, require_at_least
from tfvae.construction.for_data import ForData
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.models import signatures
from tfvae.training import checks, freezing
from tfvae.training.trainable_model import TrainableModel


class MissingPartError(NotImplementedError):
    """A model has no encoder or density; the message names what needs it and what to use."""


class GenerativeModel(ForData, TrainableModel):
    """A prior p(z) and a decoder; subclasses define the objective.

    A subclass sets the attributes below and implements `decode` and `objective`. This class assumes
    data of one modality; `MultimodalVAE` overrides the methods that depend on it.

    Attributes:
        prior: callable without arguments that returns p(z), batch [], event [d].
        latent_shape: shape of a latent, (d,).
        data_shape: shape of an example.
        likelihood: parameters to p(x|z); None if the model has no density, or several modalities.
        has_encoder: whether the model gives q(z|x), and so an ELBO; the class has it too.
    """

    prior: Any
    latent_shape: tuple[int, ...]
    data_shape: Any
    likelihood: Any = None
    has_encoder = False

    @classmethod
    def require_encoder(cls, purpose: str) -> None:
        """Checks that models of the class have an encoder.

        Args:
            purpose: what needs it, such as "--figures=traversals".

        Raises:
            MissingPartError: if they have none.
        """
        if not cls.has_encoder:
            raise MissingPartError(
                f"{purpose} needs an encoder, and {cls.__name__} has none: train a model with an "
                "encoder, such as tfvae.VAE"
            )

    def decode(self, z: tf.Tensor, training: bool = False):
        """Returns a distribution of data given latents [..., d], batch [...], which has a mean."""
        raise NotImplementedError(f"{type(self).__name__} must implement `decode`")

    def call(self, inputs, training: bool = False):
        """Returns the decoder's mean at latents [B, d], of the data's shape."""
        return self.decode(inputs, training).mean()

    def sample(self, num_samples: int, seed: noise.Seed = 0):
        """Returns `num_samples` examples: decoded means at z ~ p(z), [num_samples, ...].

        Raises:
            ValueError: for a negative number, or a seed that is None or no whole number.
        """
        if not tf.is_tensor(num_samples):
            require_at_least(0, num_samples=num_samples)
        return self.decode(self.sample_latent(noise.seed_rows(seed, num_samples))).mean()

    def sample_latent(self, seeds: tf.Tensor) -> tf.Tensor:
        """Returns z ~ p(z), [B, d], one for each seed row [B, 2]."""
        noise.require_rows(seeds)
        return sample_with_seeds(self.prior(), seeds)[0]

    def latents_for(self, x, seeds: tf.Tensor) -> tf.Tensor:
        """Returns latents [B, d] to test `decode` on: here z ~ p(z); `x` has B rows."""
        del x
        return self.sample_latent(seeds)

    @property
    def support(self) -> Any:
        """(low, high), the range of the data that the model can generate; None if unbounded."""
        return getattr(self.likelihood, "support", None)

    # Not a property: Keras would treat it as a container of layers when it saves the model.
    def modalities_by_name(self) -> dict[str, Any]:
        """Returns the modalities by the names of their tensors in signatures.

        Each value has `data_shape` and `support`, and `decoder` and `likelihood` if it uses them.
        """
        return {"image" if len(self.data_shape) == 3 else "data": self}

    def check_data(self, x) -> None:
        """Raises ValueError if the data do not have the model's shape and range, or have NaN.

        Inside a user's `tf.function` values are not known, and nothing is checked.
        """
        if tf.executing_eagerly():
            checks.check_images(tf.convert_to_tensor(x), self.data_shape, self.support)

    def signatures(self, log_likelihood_samples: int = 64, subsets=None):
        """Returns the signatures of an export of the model: `tfvae.models.signatures`.

        Raises:
            ValueError: if `subsets` are given: the model has one modality.
        """
        del log_likelihood_samples
        self._refuse_subsets(subsets)
        return signatures.of_generator(self)

    def _refuse_subsets(self, subsets) -> None:
        if subsets is not None:
            raise ValueError(
                f"subsets is {subsets}; {type(self).__name__} has one modality: leave it out"
            )

    def get_config(self) -> dict:
        """Returns the constructor's arguments, serialised, and which layers are frozen, if any."""
        settings = {
            name: self.coefficients[name] if name in self.coefficients else getattr(self, name)
            for name in constructor_arguments(type(self))
        }
        config = {
            name: keras.saving.serialize_keras_object(value) for name, value in settings.items()
        }
        frozen = freezing.frozen(self)
        return {**config, "frozen": frozen} if frozen else config

    @classmethod
    def from_config(cls, config: dict, custom_objects=None):
        """Returns the model of `get_config`, with new weights."""
        config = dict(config)
        frozen = config.pop("frozen", None)
        model = cls(**keras.saving.deserialize_keras_object(config, custom_objects=custom_objects))
        if frozen is not None:
            freezing.freeze(model, frozen)
        return model
