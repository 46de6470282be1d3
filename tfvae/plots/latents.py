"""Figures of latent arithmetic and interpolation.

`model` is a model, or a client of a served model: any object with `encode` and `decode`.
"""

import numpy as np

from tfvae import latents
from tfvae.plots.grid import image_grid


def latent_arithmetic(
    model,
    images: np.ndarray,
    direction: np.ndarray,
    name: str = "",
    steps: int = 6,
    amount: float = 2.0,
):
    """Plots reconstructions, and below them the same images with a latent direction added.

    Columns are images; the multiple of the direction added to the posterior means grows linearly
    over the rows.

    Args:
        model: a model, or a client of a served model.
        images: [N, H, W, C].
        direction: [d], such as the result of `tfvae.latents.direction`.
        name: name of the direction's target class, for the row labels.
        steps: number of rows, at least 2.
        amount: multiple of the direction in the last row; 1 moves the mean of the source classes
            to the mean of the target class, 2 converts most images.

    Raises:
        ValueError: as `tfvae.latents.add`.
    """
    rows = latents.add(latents.encoded(model.encode, images), direction, steps, amount)
    multiples = [f"{multiple:+.1f} {name}" for multiple in np.linspace(0, amount, steps)[1:]]
    return image_grid(latents.decoded(model.decode, rows), ["reconstruction", *multiples])


def interpolations(
    model, first: np.ndarray, last: np.ndarray, steps: int = 9, method: str = "slerp"
):
    """Plots interpolations between pairs of images, one per row, with the originals at the ends.

    Args:
        model: a model, or a client of a served model.
        first: start images, [N, H, W, C].
        last: end images, same shape.
        steps: decoded images per row, at least 2, including both reconstructions.
        method: "slerp" or "linear", between posterior means.

    Raises:
        ValueError: as `tfvae.latents.interpolate`.
    """
    a, b = (latents.encoded(model.encode, images) for images in (first, last))
    between = latents.decoded(model.decode, latents.interpolate(a, b, steps, method))
    columns = np.concatenate([first[None], between, last[None]])
    fractions = [f"{fraction:.2f}" for fraction in np.linspace(0, 1, steps)]
    return image_grid(columns.swapaxes(0, 1), column_labels=["from", *fractions, "to"])
