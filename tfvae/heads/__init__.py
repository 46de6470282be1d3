"""Heads: a network's outputs as a distribution, q(z|x) of the latents or p(x|z) of the data."""

from tfvae.distributions.distribution_layer import Head
from tfvae.distributions.product_of_normals import product_of_normals
from tfvae.heads.bernoulli import Bernoulli, ContinuousBernoulli
from tfvae.heads.categorical import Categorical
from tfvae.heads.diagonal_normal import DiagonalNormal
from tfvae.heads.discretized_logistic import DiscretizedLogistic
from tfvae.heads.full_covariance_normal import FullCovarianceNormal
from tfvae.heads.hierarchical_posterior import HierarchicalPosterior
from tfvae.heads.ladder_posterior import LadderPosterior
from tfvae.heads.normal import Normal
from tfvae.heads.one_hot_categorical import OneHotCategorical
from tfvae.heads.token_sequence import TokenSequence

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "DiagonalNormal",
    "DiscretizedLogistic",
    "FullCovarianceNormal",
    "Head",
    "HierarchicalPosterior",
    "LadderPosterior",
    "Normal",
    "OneHotCategorical",
    "TokenSequence",
    "product_of_normals",
]
