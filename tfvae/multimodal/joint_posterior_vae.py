"""Posteriors by a joint encoder of all modalities, and products of experts for subsets."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions.distribution_layer import distribution_of
from tfvae.multimodal.checks import build_joint_encoder, require_subsets
from tfvae.multimodal.modality import Modality
from tfvae.multimodal.observed import Observed
from tfvae.multimodal.product_posterior_vae import ProductPosteriorVAE


class JointPosteriorVAE(ProductPosteriorVAE):
    """q(z|x_1, ..., x_M) by a joint encoder; q(z|x_A) of a smaller subset is a product of experts.

    Args:
        modalities: name to `Modality`.
        joint_encoder: Keras network, a dictionary of the data of all modalities to the posterior's
            parameters [B, outputs], such as `tfvae.networks.JointEncoder`.
        posterior: parameters to q(z|.), a `tfvae.heads.DiagonalNormal`.
        subsets: subsets A, lists of modality names, for which the objective trains q(z|x_A); each
            modality alone if None. Put attributes to be combined in one subset.
        kwargs: the arguments of `MultimodalVAE`.

    Raises:
        ValueError: if a subset is empty or has an unknown name, or the joint encoder has another
            number of outputs.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        joint_encoder: keras.Model,
        posterior,
        *args,
        subsets: Sequence[Sequence[str]] | None = None,
        **kwargs,
    ):
        super().__init__(modalities, posterior, *args, **kwargs)
        self.subsets = require_subsets(subsets, self.names)
        self.joint_encoder = joint_encoder
        build_joint_encoder(joint_encoder, self.modalities, posterior)

    def joint(self, x: Observed, training: bool = False) -> tfd.Distribution:
        """Returns q(z|x_1, ..., x_M) by the joint encoder, batch [B]."""
        params = tf.cast(self.joint_encoder(x.values, training=training), tf.float32)
        return distribution_of(self.posterior, params, training=training)

    def posterior_given(self, x: Observed, training: bool = False):
        """Returns q(z|x_A), batch [B]; for rows that have all modalities, the joint posterior."""
        if len(x.values) < len(self.modalities):
            return super().posterior_given(x, training)
        joint = self.joint(x, training)
        if not x.present:
            return joint
        return self.joint_or(joint, super().posterior_given(x, training), x)

    def joint_or(self, joint, product, x: Observed) -> tfd.Distribution:
        """Returns `joint` for the rows that have all modalities, `product` for the others."""
        complete = x.has(self.names)[:, tf.newaxis] > 0
        return tfd.MultivariateNormalDiag(
            tf.where(complete, joint.mean(), product.mean()),
            tf.where(complete, joint.stddev(), product.stddev()),
        )
