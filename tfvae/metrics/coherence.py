"""Coherence: whether generated examples have the attributes they were conditioned on."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tfvae import noise
from tfvae.arguments import require_at_least


class Coherence(NamedTuple):
    """Attributes predicted by a classifier for examples generated from given attributes.

    Attributes:
        agreement: fraction of examples with all given attributes predicted correctly.
        shares: for each attribute, given or not, the fraction of examples predicted as each
            class, [K].
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
    """Classifies examples of modality `to` generated from attributes.

    Shi et al. 2019 (arXiv:1911.03393): samples z ~ q(z|given) and classifies the mean of
    p(x_to|z).

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        given: class number of each given attribute; if empty, z ~ p(z).
        to: name of the generated modality.
        classify: maps examples [n, ...] to the class probabilities of each attribute that it
            predicts, [n, K].
        num_samples: number of generated examples.
        seed: random seed.

    Raises:
        ValueError: if `classify` does not predict a given attribute.
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
        raise ValueError(f"classify predicts {', '.join(read)}, not {', '.join(unread)}")
    classes = {name: np.argmax(each, axis=-1) for name, each in read.items()}
    agree = [classes[name] == value for name, value in given.items()]
    return Coherence(
        agreement=float(np.mean(np.all(agree, axis=0))) if agree else 1.0,
        shares={
            name: np.bincount(classes[name], minlength=np.shape(read[name])[-1]) / num_samples
            for name in read
        },
    )
