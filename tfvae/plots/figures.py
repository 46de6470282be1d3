"""Figures of a trained model; each function returns a matplotlib figure."""

from collections.abc import Sequence

import numpy as np

from tfvae.plots.grid import image_grid


def reconstructions(models, images, titles: Sequence[str] = ()):
    """Returns a figure: originals on the first row, below them each model's reconstructions.

    Args:
        models: a trained model, or several.
        images: [N, H, W, C]; about ten look well.
        titles: one for each model; "reconstruction" where empty.

    Raises:
        ValueError: for another number of titles.
    """
    models = list(models) if isinstance(models, Sequence) else [models]
    titles = list(titles) or ["reconstruction"] * len(models)
    if len(titles) != len(models):
        raise ValueError(f"titles has {len(titles)} for {len(models)} models; give one for each")
    images = np.asarray(images)
    rows = np.stack([images, *(model(images).numpy() for model in models)])
    return image_grid(rows, ["original", *titles])


def samples(model, num_samples: int = 64, seed: int = 0):
    """Returns a figure of samples: the means of p(x|z), z ~ p(z), as square as they go."""
    columns = int(np.ceil(np.sqrt(num_samples)))
    rows = -(-num_samples // columns)
    images = model.sample(num_samples, seed=seed).numpy()
    blank = np.ones((rows * columns - num_samples, *images.shape[1:]), images.dtype)
    images = np.concatenate([images, blank])
    return image_grid(images.reshape(rows, columns, *images.shape[1:]))
