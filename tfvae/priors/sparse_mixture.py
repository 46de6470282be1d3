"""The sparse prior: a spike-and-slab mixture."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.priors.bounded_vector import bounded_vector


@keras.saving.register_keras_serializable("tfvae")
class SparseMixture(DistributionLayer):
    """Sparse prior: a spike-and-slab mixture for each latent dimension.

    p(z) = prod_j [(1 - gamma) N(z_j; 0, slab_scale^2) + gamma N(z_j; 0, spike_scale^2)], Mathieu et
    al. 2019 (arXiv:1812.02833), section 6; the defaults are the settings of the paper.

    Args:
        size: number of latent dimensions, d.
        spike_weight: gamma, between 0 and 1: the fraction of inactive dimensions.
        spike_scale: standard deviation of inactive dimensions, below `slab_scale`.
        slab_scale: standard deviation of active dimensions.
        name: name of the layer.

    Raises:
        ValueError: if a weight or scale is out of bounds.
    """

    def __init__(
        self,
        size: int,
        spike_weight: float = 0.8,
        spike_scale: float = 0.05,
        slab_scale: float = 1.0,
        name: str | None = None,
    ):
        require_positive("size", size)
        bounded_vector("spike_scale", spike_scale, size)
        bounded_vector("slab_scale", slab_scale, size)
        if not 0 < spike_weight < 1:
            raise ValueError(f"spike_weight is {spike_weight}; it must be between 0 and 1")
        if not spike_scale < slab_scale:
            raise ValueError(
                f"spike_scale is {spike_scale}; it must be below slab_scale, {slab_scale}"
            )
        super().__init__(name)
        self.size = size
        self.spike_weight = spike_weight
        self.spike_scale = spike_scale
        self.slab_scale = slab_scale

    def distribution(self):
        """Returns the product, batch [], event [d]."""
        weights = tf.constant([1 - self.spike_weight, self.spike_weight])
        scales = tf.constant([self.slab_scale, self.spike_scale])
        each = tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(probs=weights),
            tfp.distributions.Normal(tf.zeros([self.size, 2]), scales),
        )
        return tfp.distributions.Independent(each, 1)

    def get_config(self):
        """Returns the constructor's arguments."""
        fields = ("size", "spike_weight", "spike_scale", "slab_scale")
        return {**super().get_config(), **{field: getattr(self, field) for field in fields}}
