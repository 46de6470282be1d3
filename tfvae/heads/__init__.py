"""Heads: a network's outputs as a distribution, q(z|x) of the latents or p(x|z) of the data."""

from tfvae.distribution_layer import Head
from tfvae.heads.bernoulli import Bernoulli, ContinuousBernoulli
from tfvae.heads.categorical import Categorical
from tfvae.heads.diagonal_normal import DiagonalNormal
from tfvae.heads.discretized_logistic import DiscretizedLogistic
from tfvae.heads.full_covariance_normal import FullCovarianceNormal
from tfvae.heads.normal import Normal

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "DiagonalNormal",
    "DiscretizedLogistic",
    "FullCovarianceNormal",
    "Head",
    "Normal",
]
