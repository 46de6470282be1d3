"""Pure functions of tensors: estimators that objectives and evaluation are made of."""

from tfvae.estimators.covariance import batch_covariance
from tfvae.estimators.importance_weighting import (
    accumulate_log_sum_exp,
    log_mean_exp,
    normalised_weights,
)
from tfvae.estimators.kl_divergence import (
    closed_kl_divergence,
    kl_divergence,
    path_kl_divergence,
)
from tfvae.estimators.maximum_mean_discrepancy import maximum_mean_discrepancy
from tfvae.estimators.split_gradient import split_gradient

__all__ = [
    "accumulate_log_sum_exp",
    "batch_covariance",
    "closed_kl_divergence",
    "kl_divergence",
    "log_mean_exp",
    "maximum_mean_discrepancy",
    "normalised_weights",
    "path_kl_divergence",
    "split_gradient",
]
