"""Pure functions of tensors: estimators that objectives and evaluation are made of."""

from tfvae.estimators.covariance import covariance
from tfvae.estimators.importance_weighting import accumulate_log_sum_exp, log_mean_exp
from tfvae.estimators.maximum_mean_discrepancy import maximum_mean_discrepancy

__all__ = ["accumulate_log_sum_exp", "covariance", "log_mean_exp", "maximum_mean_discrepancy"]
