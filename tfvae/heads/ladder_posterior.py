"""Posterior of a ladder: stochastic layers from the top downwards, corrected by the data."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from tfvae.distributions.chain import Chain, Conditional
from tfvae.distributions.distribution_layer import DistributionLayer
from tfvae.distributions.product_of_normals import product_of_normals
from tfvae.heads.diagonal_normal import DiagonalNormal


@keras.saving.register_keras_serializable("tfvae")
class LadderPosterior(DistributionLayer):
    """q(z|x) = q(z_L|x) prod_l q(z_l|z_{l+1}, x), Sønderby et al. 2016 (arXiv:1602.02282).

    q(z_l|z_{l+1}, x) is the product of what the data say, a normal given by the encoder, and of the
    generative p(z_l|z_{l+1}), the prior's own: a mean weighted by precision. So the prior must be a
    `HierarchicalPrior` of normal heads of these sizes.

    Parameters are mean then log-variance of the encoder's normal for each layer, top first,
    [n, 2 (d_L + ... + d_1)]; `tfvae.networks.LadderEncoder` gives them. The distribution has batch
    [n], event [d_L + ... + d_1], the top layer first. Its mean and standard deviation are those of
    each layer given the mean of the one above.

    Args:
        sizes: d of every layer, top first.
        name: the layer's name.

    Raises:
        ValueError: for fewer than two layers.

    Attributes:
        layer_sizes: the sizes.
    """

    takes_training = True

    def __init__(self, sizes: Sequence[int], name: str | None = None):
        if len(sizes) < 2:
            raise ValueError(f"sizes has {len(sizes)} entries; a ladder has at least 2 layers")
        super().__init__(name)
        self.layer_sizes = tuple(sizes)
        self.params_size = 2 * sum(sizes)
        self._heads = [DiagonalNormal(size) for size in sizes]
        self._layers_below: Callable[[bool], list[Conditional]] | None = None

    def attach(self, prior) -> None:
        """Takes the generative p(z_l|z_{l+1}) of `prior`; called by the model it belongs to.

        Raises:
            ValueError: for a prior without them, or of other heads.
        """
        heads = getattr(prior, "heads", None)
        if heads is None or not all(isinstance(head, DiagonalNormal) for head in heads):
            raise ValueError(
                f"prior is {getattr(prior, 'name', prior)}; LadderPosterior needs a "
                "tfvae.priors.HierarchicalPrior whose heads are DiagonalNormal"
            )
        self._layers_below = prior.layers_below  # the prior's own: its variables are not ours

    def distribution(self, params, training=False):
        """Returns the chain with parameters [n, params_size].

        Raises:
            ValueError: where it belongs to no model yet.
        """
        if self._layers_below is None:
            raise ValueError(f"{self.name} needs a prior: give it to a model as its posterior")
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
    """q(z_l|z_{l+1}, x): p(z_l|z_{l+1}) times the normal of these columns of the parameters."""

    def conditional(above: tf.Tensor, params: tf.Tensor):
        return product_of_normals([head(params[:, columns]), generative(above, None)])

    return conditional
