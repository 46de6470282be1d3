"""Variational autoencoders in Keras 3 and TensorFlow Probability, from the paper to the server."""

import importlib

from tfvae import saved_model
from tfvae.saved_model import export

try:
    importlib.import_module("tensorflow_probability")
except ImportError as error:
    # What is exported is loaded where TensorFlow alone is installed: that is all that there is.
    _REASON = str(error)

    def __getattr__(name: str):
        if name not in __all__:
            raise AttributeError(f"module 'tfvae' has no attribute {name!r}")
        raise ImportError(
            f"tfvae.{name} needs TensorFlow Probability and what comes with it, which cannot be "
            f"imported: {_REASON}. Install tfvae with its requirements; without them there is "
            "tfvae.saved_model.load"
        )

else:
    from tfvae import (
        data,
        distributions,
        estimators,
        evaluation,
        heads,
        latents,
        metrics,
        models,
        multimodal,
        networks,
        noise,
        plots,
        priors,
        schedules,
        training,
    )
    from tfvae.models import (
        CIWAE,
        DIPVAE,
        IWAE,
        MIWAE,
        PIWAE,
        VAE,
        AdversarialAutoencoder,
        AnnealedVAE,
        BetaTCVAE,
        BetaVAE,
        DecompositionVAE,
        FactorVAE,
        InfoVAE,
    )
    from tfvae.multimodal import JMVAE, MMVAE, MVAE, TELBO, MoPoEVAE, SemiSupervisedVAE

__version__ = "0.1.0"

__all__ = [
    "CIWAE",
    "DIPVAE",
    "IWAE",
    "JMVAE",
    "MIWAE",
    "MMVAE",
    "MVAE",
    "PIWAE",
    "TELBO",
    "VAE",
    "AdversarialAutoencoder",
    "AnnealedVAE",
    "BetaTCVAE",
    "BetaVAE",
    "DecompositionVAE",
    "FactorVAE",
    "InfoVAE",
    "MoPoEVAE",
    "SemiSupervisedVAE",
    "data",
    "distributions",
    "estimators",
    "evaluation",
    "export",
    "heads",
    "latents",
    "metrics",
    "models",
    "multimodal",
    "networks",
    "noise",
    "plots",
    "priors",
    "saved_model",
    "schedules",
    "training",
]
