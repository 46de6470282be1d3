"""Models of one modality: one objective, one file; `vae.py` is the base."""

from tfvae.models.annealed_vae import AnnealedVAE
from tfvae.models.beta_vae import BetaVAE
from tfvae.models.factor_vae import FactorVAE
from tfvae.models.vae import VAE

__all__ = ["VAE", "AnnealedVAE", "BetaVAE", "FactorVAE"]
