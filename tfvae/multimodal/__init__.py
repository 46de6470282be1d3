"""Models of several modalities; `multimodal_vae.py` has their base class."""

from tfvae.multimodal.jmvae import JMVAE
from tfvae.multimodal.label import Label
from tfvae.multimodal.mmvae import MMVAE
from tfvae.multimodal.modality import Modality
from tfvae.multimodal.mopoe_vae import MoPoEVAE
from tfvae.multimodal.multimodal_vae import MultimodalVAE
from tfvae.multimodal.mvae import MVAE
from tfvae.multimodal.product import Product
from tfvae.multimodal.semi_supervised_vae import SemiSupervisedVAE
from tfvae.multimodal.telbo import TELBO

__all__ = [
    "JMVAE",
    "MMVAE",
    "MVAE",
    "TELBO",
    "Label",
    "MoPoEVAE",
    "Modality",
    "MultimodalVAE",
    "Product",
    "SemiSupervisedVAE",
]
