"""Honest numbers: likelihoods of data under a model, and what its latents tell of the data."""

from tfvae.evaluation.information import KLDecomposition, decompose_kl, kl_decomposition
from tfvae.evaluation.likelihood import log_likelihood

__all__ = ["KLDecomposition", "decompose_kl", "kl_decomposition", "log_likelihood"]
