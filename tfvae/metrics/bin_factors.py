"""Continuous factors as integers."""

from collections.abc import Sequence

import numpy as np

from tfvae.arguments import require_at_least
from tfvae.metrics.checks import check_matrix


def bin_factors(factors, bins: int | Sequence = 20) -> np.ndarray:
    """Returns factors of any numbers as the integers that the metrics take, int64 [N, K].

    A column of at most `bins` different values is numbered in the order of its values. Others are
    continuous, and binned with equal width between their minimum and maximum.

    Example:
        >>> bin_factors([[0.0, 5.5], [0.1, 2.5], [0.6, 5.5], [1.0, 2.5]], bins=2).tolist()
        [[0, 1], [0, 0], [1, 1], [1, 0]]

    Args:
        factors: numbers [N, K].
        bins: number of bins per column, or the increasing inner edges of the bins of each column,
            K sequences: values from the i-th edge on are in bin i + 1. With edges, training and
            test factors have the same bins.

    Raises:
        ValueError: if the shape is another one, factors are NaN or infinite, there are fewer than 2
            bins, or edges are not increasing or not one sequence per column.
    """
    factors = np.asarray(factors)
    check_matrix(
        factors, "factors", "[N, K], one column per factor", "remove such rows, or fill them"
    )
    if isinstance(bins, int):
        require_at_least(2, bins=bins)
        columns = [_binned(column, bins) for column in factors.T]
    else:
        columns = [_between(column, k, bins) for k, column in enumerate(factors.T)]
    return np.stack(columns, axis=1).astype(np.int64)


def _binned(column: np.ndarray, bins: int) -> np.ndarray:
    values, numbers = np.unique(column, return_inverse=True)
    if len(values) <= bins:
        return numbers
    return np.digitize(column, np.histogram_bin_edges(column, bins)[1:-1])


def _between(column: np.ndarray, k: int, bins: Sequence) -> np.ndarray:
    edges = np.asarray(bins[k] if k < len(bins) else (), np.float64)
    if edges.ndim != 1 or not edges.size or not (np.diff(edges) > 0).all():
        raise ValueError(
            f"bins has {len(bins)} sequences of edges, of column {k} {edges.tolist()}; it must be "
            "increasing edges for each column, or a number of bins"
        )
    return np.digitize(column, edges)
