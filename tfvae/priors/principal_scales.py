"""Standard deviations of the data's principal components."""

import numpy as np

from tfvae.priors.data_examples import Data, data_examples


def principal_scales(data: Data, size: int, examples: int = 10_000) -> np.ndarray:
    """Returns scales for a normal prior from the data's principal components, float32 [size].

    These are the square roots of the `size` largest eigenvalues of the data's covariance, largest
    first, normalised to a mean eigenvalue of 1 as in Mathieu et al. 2019 (arXiv:1812.02833), so
    that the total variance is that of a standard normal.

    Args:
        data: a `tfvae.data.Dataset`, or an array [N, ...].
        size: number of dimensions, d.
        examples: number of examples to use, always the same ones.

    Raises:
        ValueError: if the data varies in fewer than `size` directions.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415

    rows = data_examples(data, examples)
    rows = rows.reshape(len(rows), -1)
    components = min(size, *rows.shape)
    variances = PCA(components, svd_solver="randomized", random_state=0).fit(rows)
    variances = variances.explained_variance_
    varying = int(np.sum(variances > 1e-6 * variances[0]))
    if varying < size:
        raise ValueError(
            f"size is {size}; {rows.shape[0]} examples of {rows.shape[1]} values vary in only "
            f"{varying} directions: lower size, or give scales"
        )
    return np.sqrt(variances / variances.mean()).astype(np.float32)
