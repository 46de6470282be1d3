"""Products of distributions of different modalities given the same latent."""

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from tfvae.multimodal.observed import Observed


class Product(Mapping[str, Any]):
    """p(x_1|z) p(x_2|z) ...: modality name to distribution; products multiply, `p = p_x * p_y`.

    Args:
        factors: modality name to distribution, all of one batch shape [..., B].
    """

    def __init__(self, factors: Mapping[str, Any]):
        self._factors = dict(factors)

    def __getitem__(self, name: str):
        return self._factors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._factors)

    def __len__(self) -> int:
        return len(self._factors)

    def __mul__(self, other: "Product") -> "Product":
        """Returns the product of both.

        Raises:
            ValueError: if both have a distribution of the same modality.
        """
        twice = sorted(self.keys() & other.keys())
        if twice:
            raise ValueError(f"both factors are distributions of {', '.join(twice)}")
        return Product({**self, **other})

    def log_probs(self, x: Observed) -> dict[str, tf.Tensor]:
        """Returns log p(x_m|z), [..., B], by modality of `x`; 0 for examples that lack it."""
        return {
            name: self[name].log_prob(value) * x.here(name)
            for name, value in x.values.items()
            if name in self
        }

    def log_prob(self, x: Observed) -> tf.Tensor:
        """Returns sum_m log p(x_m|z), [..., B], over the modalities of `x`."""
        return tf.add_n(list(self.log_probs(x).values()))

    def mean(self) -> dict[str, tf.Tensor]:
        """Returns the mean of every factor, by modality."""
        return {name: distribution.mean() for name, distribution in self.items()}
