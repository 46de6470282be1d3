"""Figures of a trained model; each function returns a matplotlib figure."""

import numpy as np

from tfvae.plots.grid import image_grid


def reconstructions(model, images):
    """Returns a figure: originals on the first row, their reconstructions below.

    Args:
        model: a trained model.
        images: [N, H, W, C]; about ten look well.
    """
    images = np.asarray(images)
    reconstructed = model(images).numpy()
    rows = np.stack([images, reconstructed])
    return image_grid(rows, ("original", "reconstruction"))


def samples(model, num_samples: int = 64, seed: int = 0):
    """Returns a figure of samples: the means of p(x|z), z ~ p(z), as square as they go."""
    columns = int(np.ceil(np.sqrt(num_samples)))
    rows = -(-num_samples // columns)
    images = model.sample(num_samples, seed=seed).numpy()
    blank = np.ones((rows * columns - num_samples, *images.shape[1:]), images.dtype)
    images = np.concatenate([images, blank])
    return image_grid(images.reshape(rows, columns, *images.shape[1:]))
