"""Likelihood estimates and latent diagnostics."""

from tfvae.evaluation.aggregate_posterior import aggregate_log_density, kl_from_prior
from tfvae.evaluation.annealed_importance_sampling import (
    AnnealedEstimate,
    annealed_importance_sampling,
)
from tfvae.evaluation.bidirectional import BidirectionalEstimate, bidirectional
from tfvae.evaluation.bits_per_dimension import bits_per_dimension
from tfvae.evaluation.conditional import conditional_log_likelihood
from tfvae.evaluation.kl_decomposition import KLDecomposition, decompose_kl, kl_decomposition
from tfvae.evaluation.likelihood import log_likelihood
from tfvae.evaluation.mean_log_likelihood import MeanEstimate, mean_estimate, mean_log_likelihood
from tfvae.evaluation.rate_distortion import RateDistortion, rate_distortion

__all__ = [
    "AnnealedEstimate",
    "BidirectionalEstimate",
    "KLDecomposition",
    "MeanEstimate",
    "RateDistortion",
    "aggregate_log_density",
    "annealed_importance_sampling",
    "bidirectional",
    "bits_per_dimension",
    "conditional_log_likelihood",
    "decompose_kl",
    "kl_decomposition",
    "kl_from_prior",
    "log_likelihood",
    "mean_estimate",
    "mean_log_likelihood",
    "rate_distortion",
]
