"""Reconstructions and samples of a trained model, as matplotlib figures."""

from collections.abc import Sequence

import numpy as np

from tfvae.arguments import require_at_least
from tfvae.plots.grid import image_grid


def reconstructions(models, images, titles: Sequence[str] = ()):
    """Plots the originals in the first row, and one row of reconstructions per model.

    Args:
        models: a trained model, or several.
        images: [N, H, W, C]; about ten fit well.
        titles: one per model; "reconstruction" if empty.

    Raises:
        ValueError: if the number of titles is wrong.
        MissingPartError: if a model has no encoder.
    """
    models = list(models) if isinstance(models, Sequence) else [models]
    titles = list(titles) or ["reconstruction"] * len(models)
    if len(titles) != len(models):
        raise ValueError(f"titles has {len(titles)} for {len(models)} models; give one per model")
    for model in models:
        model.require_encoder("a reconstruction")
    images = np.asarray(images)
    rows = np.stack([images, *(model(images).numpy() for model in models)])
    return image_grid(rows, ["original", *titles])


def samples(model, num_samples: int = 64, seed: int = 0):
    """Plots samples, the means of p(x|z) for z ~ p(z), in a nearly square grid."""
    require_at_least(1, num_samples=num_samples)
    columns = int(np.ceil(np.sqrt(num_samples)))
    rows = -(-num_samples // columns)
    images = model.sample(num_samples, seed=seed).numpy()
    blank = np.ones((rows * columns - num_samples, *images.shape[1:]), images.dtype)
    images = np.concatenate([images, blank])
    return image_grid(images.reshape(rows, columns, *images.shape[1:]))
