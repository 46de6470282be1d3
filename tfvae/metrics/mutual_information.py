"""Mutual information of binned codes and factors, shared by several metrics."""

import numpy as np

from tfvae.arguments import require_at_least


def binned_mutual_information(codes: np.ndarray, factors: np.ndarray, bins: int) -> np.ndarray:
    """Returns I(z_j; v_k) of codes [N, d] and factors int [N, K] in nats, [d, K].

    Each code is discretised into `bins` equal-width bins between its minimum and maximum.

    Raises:
        ValueError: if `bins` is below 2.
    """
    require_at_least(2, bins=bins)
    binned = [np.digitize(code, np.histogram_bin_edges(code, bins)[:-1]) for code in codes.T]
    ranks = [np.unique(factor, return_inverse=True)[1] for factor in factors.T]
    return np.array([[_mutual_information(z, v) for v in ranks] for z in binned])


def entropies(factors: np.ndarray) -> np.ndarray:
    """Returns H(v_k) of factors int [N, K] in nats, [K]."""
    shares = [np.unique(factor, return_counts=True)[1] / len(factors) for factor in factors.T]
    return np.array([-np.sum(share * np.log(share)) for share in shares])


def _mutual_information(z: np.ndarray, v: np.ndarray) -> float:
    """Returns I(z; v) in nats for two columns of small integers."""
    values = v.max() + 1
    counts = np.bincount(z * values + v, minlength=(z.max() + 1) * values).reshape(-1, values)
    # Counts rather than fractions, so that a constant column gives log(1) exactly.
    independent = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0)
    seen = counts > 0
    ratio = counts[seen] * len(z) / independent[seen]
    return max(0.0, float(counts[seen] @ np.log(ratio)) / len(z))


def gap(information: np.ndarray, entropy: np.ndarray) -> float:
    """Returns the mean over factors of (largest - second largest information) / entropy.

    Args:
        information: [d, K], nats; d is at least 2.
        entropy: entropies of the factors, [K], nats.
    """
    second, largest = np.sort(information, axis=0)[-2:]
    return float(np.mean((largest - second) / entropy))
