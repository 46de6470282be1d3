"""Priors p(z) over the latents."""

from tfvae.priors.anisotropic_normal import AnisotropicNormal
from tfvae.priors.flow_prior import FlowPrior
from tfvae.priors.hierarchical_prior import HierarchicalPrior
from tfvae.priors.laplace import Laplace
from tfvae.priors.normal_mixture import NormalMixture
from tfvae.priors.principal_scales import principal_scales
from tfvae.priors.sparse_mixture import SparseMixture
from tfvae.priors.standard_normal import StandardNormal
from tfvae.priors.student_t import StudentT
from tfvae.priors.vamp_prior import VampPrior

__all__ = [
    "AnisotropicNormal",
    "FlowPrior",
    "HierarchicalPrior",
    "Laplace",
    "NormalMixture",
    "SparseMixture",
    "StandardNormal",
    "StudentT",
    "VampPrior",
    "principal_scales",
]
