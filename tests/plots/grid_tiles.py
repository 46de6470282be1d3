"""Reads the images from an image grid figure."""

import numpy as np


def canvas(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def tiles(figure, gap=2):
    """The grid's tiles [R, N, 4, 4] of 4x4 grey images."""
    array = canvas(figure)
    rows, columns = (array.shape[0] + gap) // (4 + gap), (array.shape[1] + gap) // (4 + gap)
    return np.stack(
        [[array[r * 6 : r * 6 + 4, c * 6 : c * 6 + 4] for c in range(columns)] for r in range(rows)]
    )


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]
