"""Coherence: whether what is generated from attributes has them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tfvae import noise
from tfvae.arguments import require_at_least


class Coherence(NamedTuple):
    """What a classifier reads in examples generated from given attributes.

    Attributes:
        agreement: share of examples in which every given attribute is read back.
        shares: of each attribute, given or not, the share of examples read as each class, [K].
    """

    agreement: float
    shares: dict[str, np.ndarray]


def coherence(
    model,
    given: Mapping[str, int],
    to: str,
    classify: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    num_samples: int = 1000,
    seed: int = 0,
) -> Coherence:
    """Returns what `classify` reads in examples of modality `to` generated from attributes.

    Shi et al. 2019 (arXiv:1911.03393): z ~ q(z|given), and the mean of p(x_to|z) is read.

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        given: class number of each attribute given; of none, z ~ p(z).
        to: name of the modality that is generated.
        classify: examples [n, ...] to the probabilities of the classes of every attribute that
            can be read, [n, K].
        num_samples: examples generated.
        seed: of what is drawn.

    Raises:
        ValueError: for a given attribute that `classify` does not read.
    """
    require_at_least(1, num_samples=num_samples)
    seeds = noise.seed_rows(seed, num_samples)
    if given:
        x = {name: np.full(num_samples, value) for name, value in given.items()}
        model.check_data(x)
        latent = model.encode_sample(x, seeds)
    else:
        latent = model.sample_latent(seeds)
    read = classify(np.asarray(model.decode(latent, names=[to])[to].mean()))
    unread = [name for name in given if name not in read]
    if unread:
        raise ValueError(f"classify reads {', '.join(read)}, not {', '.join(unread)}")
    classes = {name: np.argmax(each, axis=-1) for name, each in read.items()}
    agree = [classes[name] == value for name, value in given.items()]
    return Coherence(
        agreement=float(np.mean(np.all(agree, axis=0))) if agree else 1.0,
        shares={
            name: np.bincount(classes[name], minlength=np.shape(read[name])[-1]) / num_samples
            for name in read
        },
    )
