"""A grid of images, shared by the other figures."""

from collections.abc import Sequence

import numpy as np


def image_grid(
    rows: np.ndarray,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    title: str = "",
    gap: int = 2,
    zoom: float | None = None,
):
    """Plots images in rows and columns.

    Args:
        rows: [R, N, H, W, C] in [0, 1] (clipped); C is 1 (grey) or 3.
        row_labels: R labels on the left, or none.
        column_labels: N labels on top, or none.
        title: title of the figure.
        gap: pixels between images.
        zoom: screen pixels per image pixel, at 100 dots per inch; if None, large enough that
            images are at least 64 pixels high.

    Raises:
        ValueError: if `rows` has another shape, or whole numbers above 1.
    """
    # Without pyplot, which would choose a display backend for the whole process.
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = np.asarray(rows)
    if rows.ndim != 5 or rows.shape[-1] not in (1, 3):
        raise ValueError(f"rows has shape {list(rows.shape)}; it must be [R, N, H, W, 1 or 3]")
    if rows.dtype.kind in "iu" and rows.size and rows.max() > 1:
        raise ValueError(
            f"rows has whole numbers up to {rows.max()}; it must be in [0, 1]: divide by "
            f"{np.iinfo(rows.dtype).max if rows.dtype.kind == 'u' else 255}"
        )
    num_rows, num_columns, height, width, channels = rows.shape
    zoom = max(1.0, 64 / height) if zoom is None else zoom
    tile_height, tile_width = height + gap, width + gap
    canvas = np.ones((num_rows * tile_height - gap, num_columns * tile_width - gap, channels))
    for r, c in np.ndindex(num_rows, num_columns):
        top, left = r * tile_height, c * tile_width
        canvas[top : top + height, left : left + width] = np.clip(rows[r, c], 0.0, 1.0)
    longest = max(map(len, row_labels), default=0)
    margin = (
        max(1.1, 0.075 * longest) if longest else 0.1,
        0.1 + 0.3 * bool(column_labels) + 0.3 * bool(title),
    )
    size = (canvas.shape[1] * zoom / 100, canvas.shape[0] * zoom / 100)
    figure = Figure(figsize=(size[0] + margin[0] + 0.1, size[1] + margin[1] + 0.1), dpi=100)
    inches = figure.get_size_inches()
    axes = figure.add_axes(
        (margin[0] / inches[0], 0.1 / inches[1], size[0] / inches[0], size[1] / inches[1])
    )
    axes.imshow(canvas.squeeze(-1) if channels == 1 else canvas, cmap="gray", vmin=0, vmax=1)
    axes.set_yticks([r * tile_height + height / 2 for r in range(len(row_labels))], row_labels)
    axes.set_xticks([c * tile_width + width / 2 for c in range(len(column_labels))], column_labels)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if title:
        axes.set_title(title, fontsize=9)
    return figure
