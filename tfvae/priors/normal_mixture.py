"""The mixture of normals prior."""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfvae.arguments import require_positive
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.heads.diagonal_normal import bounded_stddev
from tfvae.priors.bounded_vector import bounded_vector


@keras.saving.register_keras_serializable("tfvae")
class NormalMixture(DistributionLayer):
    """Mixture of normals prior: p(z) = sum_k weight_k N(z; mean_k, diag(scale_k^2)).

    In two dimensions the default is the clustering prior of Mathieu et al. 2019
    (arXiv:1812.02833), section 6: four equal components at (+-1, 0) and (0, +-1) with variance
    0.03. Samples have gradients to the means and scales, but not to the weights, which are learned
    through the density only.

    Args:
        size: number of latent dimensions, d.
        means: [K, d]; if None, plus and minus one on every axis, K = 2 d.
        scales: standard deviations, one or K numbers from 3.4e-4 to 3e3.
        weights: K positive numbers, which are normalised; equal if None.
        learned: whether means, weights and a scale per component and dimension are trainable,
            with these initial values.
        name: name of the layer.

    Attributes:
        density_shape: shape of the largest tensor in the density of one latent.

    Raises:
        ValueError: if sizes differ, or scales or weights are out of bounds.
    """

    def __init__(
        self,
        size: int,
        means: Sequence[Sequence[float]] | None = None,
        scales: float | Sequence[float] = math.sqrt(0.03),
        weights: Sequence[float] | None = None,
        learned: bool = False,
        name: str | None = None,
    ):
        require_positive("size", size)
        axes = np.eye(size)
        centres = np.concatenate([axes, -axes]) if means is None else np.asarray(means, float)
        if centres.ndim != 2 or centres.shape[1] != size or not np.isfinite(centres).all():
            raise ValueError(
                f"means has shape {list(centres.shape)}; it must be {size} finite numbers for "
                f"each component, [K, {size}]"
            )
        components = len(centres)
        super().__init__(name)
        self.size = size
        self.learned = learned
        self.density_shape = centres.shape
        self.initial = {
            "means": centres.tolist(),
            "scales": bounded_vector("scales", scales, components, of="components"),
            "weights": bounded_vector(
                "weights", 1.0 if weights is None else weights, components, 1e-6, 1e6, "components"
            ),
        }
        log_variances = 2 * np.log(self.initial["scales"])[:, None]
        self.means = self._weight("means", centres)
        self.log_variances = self._weight("log_variances", np.tile(log_variances, size))
        self.logits = self._weight("logits", np.log(self.initial["weights"]))

    def _weight(self, name: str, values: np.ndarray) -> keras.Variable:
        initializer = keras.initializers.Constant(values)
        return self.add_weight(
            name=name, shape=values.shape, initializer=initializer, trainable=self.learned
        )

    def distribution(self):
        """Returns the mixture, batch [], event [d]."""
        scales = bounded_stddev(tf.convert_to_tensor(self.log_variances))
        normals = tfp.distributions.Normal(tf.convert_to_tensor(self.means), scales)
        return tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(logits=tf.convert_to_tensor(self.logits)),
            tfp.distributions.Independent(normals, 1),  # batch [K]
        )

    def get_config(self):
        """Returns the constructor's arguments, with the initial values of what is learned."""
        fields = {"size": self.size, "learned": self.learned, **self.initial}
        return {**super().get_config(), **fields}
