"""Pictures of models and of tables of results, as matplotlib figures."""

from tfvae.plots.comparisons import curves, read_table, tradeoff
from tfvae.plots.figures import reconstructions, samples, traversals
from tfvae.plots.grid import image_grid

__all__ = [
    "curves",
    "image_grid",
    "read_table",
    "reconstructions",
    "samples",
    "tradeoff",
    "traversals",
]
