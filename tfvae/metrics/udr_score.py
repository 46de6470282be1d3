"""The unsupervised disentanglement ranking (UDR) score."""

from collections.abc import Sequence

import numpy as np

from tfvae.metrics import checks

INFORMATIVE_KL = 0.01
LASSO_ALPHA = 0.1


def udr_score(
    codes: Sequence, kl: Sequence | None = None, correlation: str = "lasso"
) -> np.ndarray:
    """Returns how well each model's codes match those of the other models one to one.

    Duan et al. 2020 (arXiv:1905.12614), section 4: R(a, b) is the similarity of codes a and b of
    two models; the score of a pair is the mean over both models' informative codes of
    (max R)^2 / sum of R; the score of a model is the median over the other models. It needs no
    factors.

    Args:
        codes: codes of M models, at least 2, for the same observations; M arrays [N, d], where d
            may differ. Protocol: 10,000 rows.
        kl: mean KL(q(z_j|x) || p(z_j)) of each model's codes in nats, M arrays [d]; codes with at
            most 0.01 nats are ignored. If None, constant codes are ignored.
        correlation: "lasso" (weights of standardised codes, alpha = 0.1) or "spearman".

    Returns:
        The scores, from about 0 to 1, [M]; a pair without informative codes scores 0.

    Raises:
        ValueError: if codes are NaN, there are fewer than two models, `correlation` is unknown, or
            the lengths differ.
    """
    similarities = {"lasso": _lasso, "spearman": _spearman}
    if correlation not in similarities:
        raise ValueError(f"correlation is {correlation!r}; it must be 'lasso' or 'spearman'")
    informative = _informative(codes, kl)
    pair = np.full([len(informative)] * 2, np.nan)
    for i, j in np.ndindex(pair.shape):
        if i != j and informative[i].size and informative[j].size:
            pair[i, j] = _agreement(similarities[correlation](informative[i], informative[j]))
        elif i != j:
            pair[i, j] = 0.0
    return np.nanmedian(pair, axis=1)


def _informative(codes: Sequence, kl: Sequence | None) -> list[np.ndarray]:
    """Returns the informative codes of each model, standardised; [N, number of codes]."""
    if len(codes) < 2:
        raise ValueError(f"codes has {len(codes)} models; agreement needs at least 2")
    if kl is not None and len(kl) != len(codes):
        raise ValueError(f"kl has {len(kl)} models and codes has {len(codes)}; they must be equal")
    arrays = [checks.check_codes(array, f"codes[{i}]") for i, array in enumerate(codes)]
    for i, array in enumerate(arrays):
        if len(array) != len(arrays[0]):
            raise ValueError(
                f"codes[{i}] has {len(array)} rows and codes[0] has {len(arrays[0])}; the models "
                "must encode the same observations"
            )
    kept = []
    for i, array in enumerate(arrays):
        mask = checks.varying(array)
        if kl is not None:
            values = np.asarray(kl[i])
            if values.shape != mask.shape:
                raise ValueError(
                    f"kl[{i}] has shape {list(values.shape)}; it must be {list(mask.shape)}, one "
                    f"value per code of codes[{i}]"
                )
            mask &= values > INFORMATIVE_KL
        active = array[:, mask]
        kept.append((active - active.mean(axis=0)) / active.std(axis=0))
    return kept


def _lasso(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Returns |weight| of source code b in predicting target code a, [a, b]."""
    from sklearn.linear_model import Lasso  # noqa: PLC0415

    weights = Lasso(alpha=LASSO_ALPHA).fit(source, target).coef_
    return np.abs(weights.reshape(target.shape[1], source.shape[1]))


def _spearman(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Returns |rank correlation| of code a with code b, [a, b]."""
    from scipy.stats import rankdata  # noqa: PLC0415

    ranks = np.concatenate([rankdata(target, axis=0), rankdata(source, axis=0)], axis=1)
    return np.abs(np.corrcoef(ranks, rowvar=False))[: target.shape[1], target.shape[1] :]


def _agreement(similarity: np.ndarray) -> float:
    """Equation 2: mean over rows and columns of max^2 / sum; a row of zeros scores 0."""
    scores: list[float] = []
    for lines in (similarity, similarity.T):
        total = lines.sum(axis=1)
        scores.extend(lines.max(axis=1) ** 2 / np.where(total > 0, total, 1.0))
    return float(np.mean(scores))
