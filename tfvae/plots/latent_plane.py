"""Maps of two-dimensional latents."""

from collections.abc import Sequence

import numpy as np


def require_plane(model) -> None:
    """Checks that a model's latents are two-dimensional.

    Raises:
        ValueError: if they are not.
    """
    if model.latent_shape != (2,):
        raise ValueError(
            f"{model.name} has latents of shape {list(model.latent_shape)}; this figure needs two "
            "dimensions, [2]"
        )


def grid(half_width: float, resolution: int) -> np.ndarray:
    """Returns the latents of a map, float32 [resolution^2, 2], row by row from the lowest."""
    axis = np.linspace(-half_width, half_width, resolution, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def maps(
    panels: Sequence[tuple[str, np.ndarray]],
    half_width: float,
    size: tuple[float, float],
    **colours,
):
    """Returns a figure with a map for each panel, side by side.

    Args:
        panels: titles and values [resolution^2] at the latents of `grid`.
        half_width: the limits are +-half_width on both axes.
        size: width and height of the figure in inches.
        colours: options of matplotlib's `imshow`.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=size, dpi=150, layout="constrained")
    every_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, values) in zip(every_axes, panels, strict=True):
        resolution = int(np.sqrt(len(values)))
        axes.imshow(
            values.reshape(resolution, resolution),
            origin="lower",
            extent=(-half_width, half_width, -half_width, half_width),
            **colours,
        )
        axes.set_title(title, fontsize=9)
        axes.tick_params(labelsize=7)
    return figure
