"""Metrics of disentanglement: one a file, plain arrays or a function from images to codes."""

from tfvae.metrics.factor_vae_score import factor_vae_score

__all__ = ["factor_vae_score"]
