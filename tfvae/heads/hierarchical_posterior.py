"""Posterior with several stochastic layers, bottom-up."""

from collections.abc import Sequence

import keras

from tfvae.distributions.chain import Chain
from tfvae.distributions.layered import Layered, size_of


@keras.saving.register_keras_serializable("tfvae")
class HierarchicalPosterior(Layered):
    """Bottom-up posterior of L layers: q(z|x) = q(z_1|x) q(z_2|z_1) ... q(z_L|z_{L-1}).

    Burda et al. 2016 (arXiv:1509.00519). Parameters are those of q(z_1|x),
    [n, heads[0].params_size]; the distribution has batch [n] and event [d_L + ... + d_1], the top
    layer z_L first. Its mean and standard deviation are those of each layer given the mean of the
    layer below.

    Args:
        heads: posterior heads of z_1, next to the data, to z_L.
        networks: L - 1 Keras networks that map z_l [n, d_l] to the parameters of the next head.
        name: name of the layer.

    Raises:
        ValueError: if there are fewer than two heads, or sizes do not match.

    Attributes:
        params_size: number of outputs of the encoder, those of the first head.
        layer_sizes: d of every layer, top first.
    """

    def __init__(self, heads: Sequence, networks: Sequence[keras.Model], name: str | None = None):
        if len(heads) < 2:
            raise ValueError(f"heads has {len(heads)} entries; a hierarchy needs at least 2")
        super().__init__(size_of(heads[0]), heads[1:], networks, name)
        self.heads = list(heads)
        self.params_size = heads[0].params_size
        self.layer_sizes = tuple(reversed(self.sizes))

    def distribution(self, params, training=False):
        """Returns the chain with parameters [n, params_size]."""
        first, *others = self.heads
        return Chain(
            first(params), self.conditionals(others, training), self.sizes, top_first=False
        )

    def get_config(self):
        """Returns the constructor's arguments, serialised."""
        fields = {"heads": self.heads, "networks": self.networks}
        return {**super().get_config(), **keras.saving.serialize_keras_object(fields)}
