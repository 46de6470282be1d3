"""Pure functions of tensors: estimators that objectives and evaluation are made of."""

from tfvae.estimators.importance_weighting import accumulate_log_sum_exp, log_mean_exp

__all__ = ["accumulate_log_sum_exp", "log_mean_exp"]
