"""Models of one modality, one objective per file; `vae.py` has their base class."""

from tfvae.models.adversarial_autoencoder import AdversarialAutoencoder
from tfvae.models.annealed_vae import AnnealedVAE
from tfvae.models.beta_tc_vae import BetaTCVAE
from tfvae.models.beta_vae import BetaVAE
from tfvae.models.ciwae import CIWAE
from tfvae.models.decomposition_vae import DecompositionVAE
from tfvae.models.dip_vae import DIPVAE
from tfvae.models.factor_vae import FactorVAE
from tfvae.models.info_vae import InfoVAE
from tfvae.models.iwae import IWAE
from tfvae.models.miwae import MIWAE
from tfvae.models.piwae import PIWAE
from tfvae.models.vae import VAE

__all__ = [
    "CIWAE",
    "DIPVAE",
    "IWAE",
    "MIWAE",
    "PIWAE",
    "VAE",
    "AdversarialAutoencoder",
    "AnnealedVAE",
    "BetaTCVAE",
    "BetaVAE",
    "DecompositionVAE",
    "FactorVAE",
    "InfoVAE",
]
