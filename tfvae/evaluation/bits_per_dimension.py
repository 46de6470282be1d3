"""Nats of an example as bits of one of its values."""

import math

import numpy as np

from tfvae import heads


def bits_per_dimension(model, x, log_likelihood):
    """Returns -log2 p(x) per value of an example, of the shape of `log_likelihood`.

    What a perfect code of p(x) would need for each value; it takes a likelihood that gives the
    values probabilities, such as `heads.DiscretizedLogistic` of 8-bit images, and says so
    (`gives_probabilities`, an attribute that a user's own head or function may have too).

    Args:
        model: the model.
        x: examples [B, ...] of the data, whose values are looked at.
        log_likelihood: log p(x) of examples, or its mean, or a bound; nats.

    Raises:
        ValueError: if bits would mean nothing: of a density, or of grey values under a
            Bernoulli likelihood.
    """
    head = model.likelihood
    name = getattr(head, "__name__", type(head).__name__)
    instead = "train with tfvae.heads.DiscretizedLogistic to have bits of 8-bit images"
    if not getattr(head, "gives_probabilities", False):
        raise ValueError(
            f"likelihood {name} is a density, whose logarithm depends on the data's scale and is "
            f"no number of bits; {instead}, or set gives_probabilities on a likelihood of your own "
            "that gives values probabilities"
        )
    if isinstance(head, (heads.Bernoulli, heads.OneHotCategorical)):
        grey = np.asarray(x)[~np.isin(x, (0.0, 1.0))]
        if grey.size:
            raise ValueError(
                f"likelihood {name} gives probabilities to 0 and 1 only, and the data hold "
                f"{grey[0]:.3g}: its cross entropy with grey values is no number of bits; binarise "
                f"the data, or {instead}"
            )
    return -np.asarray(log_likelihood) / (math.prod(model.data_shape) * math.log(2))
