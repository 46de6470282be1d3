"""Prior with several stochastic layers, top-down."""

from collections.abc import Sequence

import keras

from tfvae.distributions.chain import Chain, Conditional
from tfvae.distributions.layered import Layered


@keras.saving.register_keras_serializable("tfvae")
class HierarchicalPrior(Layered):
    """Hierarchical prior of L layers: p(z) = p(z_L) p(z_{L-1}|z_L) ... p(z_1|z_2).

    Burda et al. 2016 (arXiv:1509.00519). The distribution has batch [], event [d_L + ... + d_1],
    the top layer z_L first. The decoder's input is the bottom layer z_1 only: the last d_1
    latents.

    Args:
        top: prior of the top layer, p(z_L).
        heads: posterior heads of the layers below, from z_{L-1} to z_1.
        networks: L - 1 Keras networks that map a layer [n, d] to the parameters of the head below.
        name: name of the layer.

    Raises:
        ValueError: if `heads` is empty, or sizes do not match.

    Attributes:
        layer_sizes: d of every layer, top first.
    """

    def __init__(
        self,
        top,
        heads: Sequence,
        networks: Sequence[keras.Model],
        name: str | None = None,
    ):
        if not heads:
            raise ValueError("heads is empty; give one head per layer below the top layer")
        super().__init__(top().event_shape[0], heads, networks, name)
        self.top = top
        self.heads = list(heads)
        self.layer_sizes = tuple(self.sizes)

    def distribution(self, training=False):
        """Returns the chain, batch [], event [d]."""
        return Chain(self.top(), self.layers_below(training), self.sizes, top_first=True)

    def layers_below(self, training: bool = False) -> list[Conditional]:
        """Returns the conditionals p(z_{L-1}|z_L), ..., p(z_1|z_2)."""
        return self.conditionals(self.heads, training)

    def get_config(self):
        """Returns the constructor's arguments, serialised."""
        fields = {"top": self.top, "heads": self.heads, "networks": self.networks}
        return {**super().get_config(), **keras.saving.serialize_keras_object(fields)}
