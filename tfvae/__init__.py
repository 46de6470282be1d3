"""Variational autoencoders in Keras 3 and TensorFlow Probability, from the paper to the server."""

from tfvae import (
    data,
    draw,
    estimators,
    evaluation,
    heads,
    latents,
    metrics,
    models,
    networks,
    noise,
    plots,
    priors,
    saved_model,
    schedules,
    training,
)
from tfvae.models import (
    DIPVAE,
    VAE,
    AdversarialAutoencoder,
    AnnealedVAE,
    BetaTCVAE,
    BetaVAE,
    DecompositionVAE,
    FactorVAE,
    InfoVAE,
)
from tfvae.saved_model import export

__version__ = "0.1.0"

__all__ = [
    "DIPVAE",
    "VAE",
    "AdversarialAutoencoder",
    "AnnealedVAE",
    "BetaTCVAE",
    "BetaVAE",
    "DecompositionVAE",
    "FactorVAE",
    "InfoVAE",
    "data",
    "draw",
    "estimators",
    "evaluation",
    "export",
    "heads",
    "latents",
    "metrics",
    "models",
    "networks",
    "noise",
    "plots",
    "priors",
    "saved_model",
    "schedules",
    "training",
]
