"""Metrics of disentanglement and coherence, computed from arrays or from an encoding function."""

from tfvae.metrics.active_units import active_units
from tfvae.metrics.bin_factors import bin_factors
from tfvae.metrics.coherence import Coherence, coherence
from tfvae.metrics.cross_modal_accuracy import cross_modal_accuracy
from tfvae.metrics.dci import DCI, dci
from tfvae.metrics.explicitness import explicitness
from tfvae.metrics.factor_vae_score import factor_vae_score
from tfvae.metrics.gaussian_total_correlation import gaussian_total_correlation
from tfvae.metrics.higgins_score import higgins_score
from tfvae.metrics.interventional_robustness_score import interventional_robustness_score
from tfvae.metrics.modularity import modularity
from tfvae.metrics.mutual_information_gap import mutual_information_gap
from tfvae.metrics.mutual_information_gap_aggregate import mutual_information_gap_aggregate
from tfvae.metrics.sap_score import sap_score
from tfvae.metrics.udr_score import udr_score

__all__ = [
    "DCI",
    "Coherence",
    "active_units",
    "bin_factors",
    "coherence",
    "cross_modal_accuracy",
    "dci",
    "explicitness",
    "factor_vae_score",
    "gaussian_total_correlation",
    "higgins_score",
    "interventional_robustness_score",
    "modularity",
    "mutual_information_gap",
    "mutual_information_gap_aggregate",
    "sap_score",
    "udr_score",
]
