"""What lies along a direction of the latents, and between two of them.

`model` is a model, or a client of a served one: whatever has `encode` and `decode`.
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
    """Returns a figure: reconstructions, and below them the same with a direction added.

    A column is an image; each row adds as much of the direction to its posterior mean as the row
    before did.

    Args:
        model: a model, or a client of a served one.
        images: [N, H, W, C].
        direction: [d], such as `tfvae.latents.direction` gives.
        name: what the direction leads to, for the labels at the left.
        steps: rows, at least 2.
        amount: how many times the direction the last row has; 1 takes the mean of the classes left
            behind to that of the class led to, 2 takes most images there.

    Raises:
        ValueError: as `tfvae.latents.add` does.
    """
    rows = latents.add(latents.encoded(model.encode, images), direction, steps, amount)
    multiples = [f"{multiple:+.1f} {name}" for multiple in np.linspace(0, amount, steps)[1:]]
    return image_grid(latents.decoded(model.decode, rows), ["reconstruction", *multiples])


def interpolations(
    model, first: np.ndarray, last: np.ndarray, steps: int = 9, method: str = "slerp"
):
    """Returns a figure: on each row the way from one image to another, originals at the ends.

    Args:
        model: a model, or a client of a served one.
        first: [N, H, W, C]; what rows go from.
        last: of the same shape; what they go to.
        steps: decoded images of a row, at least 2: both reconstructions and what is between.
        method: "slerp" or "linear", between posterior means.

    Raises:
        ValueError: as `tfvae.latents.interpolate` does.
    """
    a, b = (latents.encoded(model.encode, images) for images in (first, last))
    between = latents.decoded(model.decode, latents.interpolate(a, b, steps, method))
    columns = np.concatenate([first[None], between, last[None]])
    fractions = [f"{fraction:.2f}" for fraction in np.linspace(0, 1, steps)]
    return image_grid(columns.swapaxes(0, 1), column_labels=["from", *fractions, "to"])
