"""Honest numbers: likelihoods of data under a model."""

from tfvae.evaluation.likelihood import log_likelihood

__all__ = ["log_likelihood"]
