"""Heads convert a network's outputs to a distribution.

* Posterior heads give q(z|x) from an encoder's outputs: `DiagonalNormal`, `FullCovarianceNormal`,
  `HierarchicalPosterior` and `LadderPosterior`. `params_size` is the number of outputs of the
  encoder.
* Likelihood heads give p(x|z) from a decoder's outputs: `Bernoulli`, `ContinuousBernoulli`,
  `Categorical`, `DiscretizedLogistic`, `Normal`, `OneHotCategorical` and `TokenSequence`.
  `params_size` is the number of outputs per value of the data.
"""

from tfvae.distributions.distribution_layer import Head, LikelihoodHead, PosteriorHead
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
    "LikelihoodHead",
    "Normal",
    "OneHotCategorical",
    "PosteriorHead",
    "TokenSequence",
    "product_of_normals",
]
