"""Honest numbers: likelihoods of data under a model, and what its latents tell of the data."""

from tfvae.evaluation.aggregate_posterior import aggregate_log_density, kl_from_prior
from tfvae.evaluation.information import KLDecomposition, decompose_kl, kl_decomposition
from tfvae.evaluation.likelihood import log_likelihood

__all__ = [
    "KLDecomposition",
    "aggregate_log_density",
    "decompose_kl",
    "kl_decomposition",
    "kl_from_prior",
    "log_likelihood",
]
