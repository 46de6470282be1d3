"""Log-likelihoods as bits per dimension."""

import math

import numpy as np

from tfvae import heads


def bits_per_dimension(model, x, log_likelihood):
    """Returns -log2 p(x) / D, D values per example, in the shape of `log_likelihood`.

    This is the length per value of an optimal code. It needs a likelihood that gives values
    probabilities, not densities, such as `heads.DiscretizedLogistic` for 8-bit images; such a head
    or function has an attribute `gives_probabilities` that is true.

    Args:
        model: the model.
        x: examples [B, ...] of the data; their values are checked.
        log_likelihood: log p(x) of examples, or its mean, or a bound; nats.

    Raises:
        ValueError: if the likelihood is a density, or is Bernoulli and the data are not binary.
    """
    head = model.likelihood
    name = getattr(head, "__name__", type(head).__name__)
    instead = "train with tfvae.heads.DiscretizedLogistic to have bits of 8-bit images"
    if not getattr(head, "gives_probabilities", False):
        raise ValueError(
            f"likelihood {name} is a density; its logarithm depends on the data's scale and is "
            f"not a number of bits. {instead}, or set gives_probabilities on your own likelihood "
            "if it gives values probabilities"
        )
    if isinstance(head, (heads.Bernoulli, heads.OneHotCategorical)):
        grey = np.asarray(x)[~np.isin(x, (0.0, 1.0))]
        if grey.size:
            raise ValueError(
                f"likelihood {name} gives probabilities to 0 and 1 only, and the data have "
                f"{grey[0]:.3g}; the cross entropy of grey values is not a number of bits. "
                f"Binarise the data, or {instead}"
            )
    return -np.asarray(log_likelihood) / (math.prod(model.data_shape) * math.log(2))
