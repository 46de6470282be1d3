"""Pictures of models, as matplotlib figures."""

from tfvae.plots.figures import reconstructions, samples, traversals
from tfvae.plots.grid import image_grid

__all__ = ["image_grid", "reconstructions", "samples", "traversals"]
