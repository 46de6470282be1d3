"""Distributions: layers that return them, and samples as functions of seed rows."""

from tfvae.distributions.sampling import sample_with_seeds

__all__ = ["sample_with_seeds"]
