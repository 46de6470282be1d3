"""The normal prior with a scale per dimension."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.heads.diagonal_normal import bounded_stddev
from tfvae.priors.bounded_vector import bounded_vector
from tfvae.priors.data_examples import Data
from tfvae.priors.principal_scales import principal_scales


@keras.saving.register_keras_serializable("tfvae")
class AnisotropicNormal(DistributionLayer):
    """Anisotropic normal prior: p(z) = N(0, diag(scales^2)).

    Mathieu et al. 2019 (arXiv:1812.02833), section 6. Unlike a standard normal it is not invariant
    to rotations, so it favours particular axes of the latent space.

    Args:
        size: number of latent dimensions, d.
        scales: standard deviations, one or d numbers from 3.4e-4 to 3e3; if None, from the
            principal components of `data` (see `principal_scales`).
        data: a `tfvae.data.Dataset` or an array [N, ...]; needed if `scales` is None.
        learned: whether the scales are trainable, with these initial values.
        name: name of the layer.

    Raises:
        ValueError: if scales are out of bounds, or both `scales` and `data` are None.
    """

    def __init__(
        self,
        size: int,
        scales: float | Sequence[float] | None = None,
        data: Data | None = None,
        learned: bool = False,
        name: str | None = None,
    ):
        require_positive("size", size)
        super().__init__(name)
        self.size = size
        self.learned = learned
        if scales is None:
            if data is None:
                raise ValueError("scales is None; give scales, or data to compute them from")
            scales = principal_scales(data, size).tolist()
        self.scales = bounded_vector("scales", scales, size)
        self.log_variances = self.add_weight(
            name="log_variances",
            shape=(size,),
            initializer=keras.initializers.Constant(2 * np.log(self.scales)),
            trainable=learned,
        )

    def distribution(self):
        """Returns the normal, batch [], event [d]."""
        scales = bounded_stddev(tf.convert_to_tensor(self.log_variances))
        return tfp.distributions.MultivariateNormalDiag(tf.zeros(self.size), scales)

    def get_config(self):
        """Returns the constructor's arguments, with the initial scales."""
        fields = {"size": self.size, "scales": self.scales, "learned": self.learned}
        return {**super().get_config(), **fields}
