"""Figures of models and of result tables, as matplotlib figures."""

from tfvae.plots.comparisons import curves, read_table, tradeoff
from tfvae.plots.densities import aggregate_posterior
from tfvae.plots.figures import reconstructions, samples
from tfvae.plots.grid import image_grid
from tfvae.plots.latents import interpolations, latent_arithmetic
from tfvae.plots.modalities import decision_map, generated, latent_grid, posteriors
from tfvae.plots.rate_distortion import rate_distortion
from tfvae.plots.traversal import traversal_animation, traversals

__all__ = [
    "aggregate_posterior",
    "curves",
    "decision_map",
    "generated",
    "image_grid",
    "interpolations",
    "latent_arithmetic",
    "latent_grid",
    "posteriors",
    "rate_distortion",
    "read_table",
    "reconstructions",
    "samples",
    "tradeoff",
    "traversal_animation",
    "traversals",
]
