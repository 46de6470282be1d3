"""Posterior of a ladder VAE: stochastic layers top-down, corrected by the data."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from tfvae.distributions.chain import Chain, Conditional
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.distributions.product_of_normals import product_of_normals
from tfvae.heads.diagonal_normal import DiagonalNormal


@keras.saving.register_keras_serializable("tfvae")
class LadderPosterior(DistributionLayer):
    """Ladder posterior of L layers: q(z|x) = q(z_L|x) prod_l q(z_l|z_{l+1}, x), top-down.

    Sønderby et al. 2016 (arXiv:1602.02282): q(z_l|z_{l+1}, x) is the product of a normal from the
    encoder and the prior's p(z_l|z_{l+1}), a precision-weighted combination. The prior must
    therefore be a `HierarchicalPrior` with `DiagonalNormal` heads of the same sizes.

    Parameters are mean then log-variance of the encoder's normal for each layer, top first,
    [n, 2 (d_L + ... + d_1)], as returned by `tfvae.networks.LadderEncoder`. The distribution has
    batch [n], event [d_L + ... + d_1], the top layer first. Its mean and standard deviation are
    those of each layer given the mean of the layer above.

    Args:
        sizes: d of every layer, top first.
        name: name of the layer.

    Raises:
        ValueError: if there are fewer than two layers.

    Attributes:
        params_size: number of outputs of the encoder, 2 (d_L + ... + d_1).
        layer_sizes: d of every layer, top first.
    """

    takes_training = True

    def __init__(self, sizes: Sequence[int], name: str | None = None):
        if len(sizes) < 2:
            raise ValueError(f"sizes has {len(sizes)} entries; a ladder needs at least 2 layers")
        super().__init__(name)
        self.layer_sizes = tuple(sizes)
        self.params_size = 2 * sum(sizes)
        self._heads = [DiagonalNormal(size) for size in sizes]
        self._layers_below: Callable[[bool], list[Conditional]] | None = None

    def connect(self, model) -> None:
        """Connects the p(z_l|z_{l+1}) of the model's prior; called by the model.

        Raises:
            ValueError: if `prior` is not a `HierarchicalPrior` with `DiagonalNormal` heads.
        """
        prior = model.prior
        heads = getattr(prior, "heads", None)
        if heads is None or not all(isinstance(head, DiagonalNormal) for head in heads):
            raise ValueError(
                f"prior is {getattr(prior, 'name', prior)}; LadderPosterior needs a "
                "tfvae.priors.HierarchicalPrior with DiagonalNormal heads"
            )
        self._layers_below = prior.layers_below  # a method, so that Keras tracks no variables here

    def distribution(self, params, training=False):
        """Returns the chain with parameters [n, params_size].

        Raises:
            ValueError: if it is not yet part of a model.
        """
        if self._layers_below is None:
            raise ValueError(f"{self.name} needs a prior: pass it to a model as its posterior")
        sizes = [head.params_size for head in self._heads]
        bounds = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
        conditionals = [
            _corrected(generative, self._heads[number], slice(bounds[number], bounds[number + 1]))
            for number, generative in enumerate(self._layers_below(training), start=1)
        ]
        first = self._heads[0](params[..., : sizes[0]])
        return Chain(first, conditionals, self.layer_sizes, top_first=True, context=params)

    def get_config(self):
        """Returns the constructor's arguments."""
        return {**super().get_config(), "sizes": list(self.layer_sizes)}


def _corrected(generative: Conditional, head: DiagonalNormal, columns: slice) -> Conditional:
    """Returns q(z_l|z_{l+1}, x): p(z_l|z_{l+1}) times the normal from these parameter columns."""

    def conditional(above: tf.Tensor, params: tf.Tensor):
        return product_of_normals([head(params[:, columns]), generative(above, None)])

    return conditional
