"""Distributions, layers that return them, and sampling as a function of seeds."""

from tfvae.distributions.sampling import sample_with_seeds

__all__ = ["sample_with_seeds"]
