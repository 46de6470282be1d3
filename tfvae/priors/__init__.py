"""Priors p(z) of the latents."""

from tfvae.priors.standard_normal import StandardNormal

__all__ = ["StandardNormal"]
