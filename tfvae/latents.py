"""Latent arithmetic: class means, directions between classes, interpolation.

Functions take and return arrays. `encoded` and `decoded` call a model, or a client of a served
model, and return arrays.

Example:
    codes = encoded(model.encode, images)              # or client.encode; [N, d]
    zero = direction(codes, labels, 0)                 # from the other digits to zeros, [d]
    rows = add(codes[:9], zero, steps=6)               # [6, 9, d]
    pictures = decoded(model.decode, rows)             # or client.decode; [6, 9, H, W, C]
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tensorflow_probability import distributions as tfd

from tfvae.metrics.checks import check_codes

METHODS = ("slerp", "linear")
ROWS_AT_ONCE = 500
# Tolerance in radians for opposite vectors, which have no unique arc between them.
_OPPOSITE = 1e-5


def encoded(encode: Callable, images: np.ndarray) -> np.ndarray:
    """Returns the means of q(z|x), [N, d], in batches of 500.

    Args:
        encode: maps images [n, ...] to a distribution (`model.encode`), to mean and stddev
            (`client.encode`, or a signature of `tfvae.saved_model.load`) or to codes [n, d].
        images: [N, ...].

    Raises:
        ValueError: if a signature returns neither a mean nor a single output.
    """
    return np.concatenate([_mean(encode(part)) for part in _parts(np.asarray(images))])


def decoded(decode: Callable, latents: ArrayLike) -> np.ndarray:
    """Returns the means of p(x|z), [..., *data_shape], in batches of 500.

    Args:
        decode: maps latents [n, d] to a distribution (`model.decode`) or to data
            (`client.decode`, or a signature of `tfvae.saved_model.load`).
        latents: [..., d].

    Raises:
        ValueError: if a signature returns several outputs.
    """
    latents = np.asarray(latents, np.float32)
    rows = latents.reshape(-1, latents.shape[-1])
    data = np.concatenate([_mean(decode(part)) for part in _parts(rows)])
    return data.reshape(*latents.shape[:-1], *data.shape[1:])


def class_means(codes: ArrayLike, labels: ArrayLike) -> dict[Any, np.ndarray]:
    """Returns the mean code, [d], of each label that occurs, sorted by label.

    Args:
        codes: [N, d].
        labels: [N].

    Raises:
        ValueError: if codes are not finite [N, d], or the number of labels is not N.
    """
    codes, labels, dtype = _checked(codes, labels)
    return {
        label: codes[labels == label].mean(axis=0).astype(dtype)
        for label in np.unique(labels).tolist()
    }


def direction(
    codes: ArrayLike, labels: ArrayLike, label: Any, versus: Any | None = None
) -> np.ndarray:
    """Returns the mean code of one class minus the mean code of the others (or one other), [d].

    Args:
        codes: [N, d].
        labels: [N].
        label: target class of the direction.
        versus: source class of the direction; all other classes if None.

    Raises:
        ValueError: if a label never occurs, `versus` equals `label`, or there are no other
            classes; and as `class_means`.
    """
    codes, labels, dtype = _checked(codes, labels)
    for name, value in (("label", label), ("versus", versus)):
        if value is not None and not np.any(labels == value):
            occurring = ", ".join(map(repr, np.unique(labels).tolist()))
            raise ValueError(f"{name} is {value!r}, which never occurs; the labels are {occurring}")
    if versus is not None and versus == label:
        raise ValueError(f"label and versus are both {label!r}; they must be different classes")
    to = labels == label
    start = ~to if versus is None else labels == versus
    if not start.any():
        raise ValueError(
            f"label is {label!r} in all {len(labels)} rows; a direction needs at least two classes"
        )
    return (codes[to].mean(axis=0) - codes[start].mean(axis=0)).astype(dtype)


def add(
    latents: ArrayLike, direction: ArrayLike, steps: int = 6, amount: float = 1.0
) -> np.ndarray:
    """Adds increasing multiples of a direction to latents; returns [steps, n, d].

    Args:
        latents: [n, d], returned unchanged as the first step.
        direction: [d].
        steps: number of evenly spaced steps, at least 2.
        amount: multiple of the direction in the last step; negative for the opposite direction.

    Raises:
        ValueError: if `steps` is below 2, or the shapes do not match.
    """
    latents, direction = np.asarray(latents), np.asarray(direction)
    multiples = _evenly(steps, amount)
    if latents.ndim != 2 or direction.shape != latents.shape[1:]:
        raise ValueError(
            f"latents has shape {list(latents.shape)} and direction {list(direction.shape)}; they "
            "must be [n, d] and [d]"
        )
    return (latents + multiples[:, None, None] * direction).astype(_dtype(latents))


def interpolate(a: ArrayLike, b: ArrayLike, steps: int = 9, method: str = "slerp") -> np.ndarray:
    """Interpolates from `a` to `b`, both included; returns [steps, ..., d].

    Args:
        a: [..., d].
        b: same shape as `a`.
        steps: number of steps, at least 2, including both ends.
        method: "slerp" (see `slerp`), which keeps the norm typical of normal samples, or
            "linear".

    Raises:
        ValueError: if `steps` is below 2, or `method` is unknown; and as `slerp`.
    """
    if method not in METHODS:
        names = ", ".join(map(repr, METHODS))
        raise ValueError(f"method is {method!r}; it must be one of {names}")
    fractions = _evenly(steps)
    if method == "slerp":
        return slerp(a, b, fractions)
    a, b = _same_shape(a, b)
    fractions = fractions.reshape(-1, *[1] * a.ndim)
    return ((1 - fractions) * a + fractions * b).astype(_dtype(a, b))


def slerp(a: ArrayLike, b: ArrayLike, fractions: ArrayLike) -> np.ndarray:
    """Spherical linear interpolation from `a` to `b`; returns [T, ..., d].

    The direction rotates at constant speed (Shoemake 1985) and the norm changes linearly. If both
    have the same direction, the result is the straight line.

    Args:
        a: [..., d].
        b: same shape as `a`.
        fractions: positions on the arc, [T]: 0 is a, 1 is b.

    Raises:
        ValueError: if the shapes differ, a vector is zero and so has no direction, or vectors are
            opposite and so have no unique arc (the first such row is named).
    """
    a, b = _same_shape(a, b)
    dtype = _dtype(a, b)
    a, b = a.astype(np.float64), b.astype(np.float64)
    norm_a, norm_b = (np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    for name, norm in (("a", norm_a), ("b", norm_b)):
        _refuse(norm == 0, f"{name} is zero", "a zero vector has no direction")
    unit_a, unit_b = a / norm_a, b / norm_b
    # Accurate for small angles, unlike the arc cosine of the inner product.
    angle = 2 * np.arctan2(
        np.linalg.norm(unit_a - unit_b, axis=-1, keepdims=True),
        np.linalg.norm(unit_a + unit_b, axis=-1, keepdims=True),
    )
    _refuse(angle > np.pi - _OPPOSITE, "a and b are opposite", "the arc between them is not unique")
    t = np.asarray(fractions, np.float64).reshape(-1, *[1] * a.ndim)
    norm = (1 - t) * norm_a + t * norm_b

    def weight(share):  # sin(share * angle) / sin(angle), also for angle 0
        return share * np.sinc(share * angle / np.pi) / np.sinc(angle / np.pi)

    # In this order the weights at the ends are exactly 1.
    return (weight(1 - t) * (norm / norm_a) * a + weight(t) * (norm / norm_b) * b).astype(dtype)


def _mean(answer: Any) -> np.ndarray:
    if isinstance(answer, Mapping):  # outputs of a signature
        if "mean" not in answer and len(answer) != 1:
            raise ValueError(
                f"the signature returns {', '.join(answer)}; it must return a mean or one output"
            )
        answer = answer.get("mean", next(iter(answer.values())))
    elif isinstance(answer, tuple):  # a client's mean and stddev
        answer = answer[0]
    elif isinstance(answer, tfd.Distribution):
        answer = answer.mean()
    return np.asarray(answer)


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[i : i + ROWS_AT_ONCE] for i in range(0, max(1, len(rows)), ROWS_AT_ONCE)]


def _checked(codes: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray, Any]:
    """Returns codes as float64 [N, d], labels [N], and the dtype of the results."""
    dtype = _dtype(np.asarray(codes))
    codes, labels = check_codes(codes), np.asarray(labels)
    if labels.shape != codes.shape[:1]:
        raise ValueError(
            f"labels has shape {list(labels.shape)}; it must be [{len(codes)}], one label per row "
            "of codes"
        )
    return codes, labels, dtype


def _dtype(*arrays: np.ndarray) -> Any:
    return np.result_type(np.float32, *arrays)


def _evenly(steps: int, last: float = 1.0) -> np.ndarray:
    if steps < 2:
        raise ValueError(f"steps is {steps}; it must be at least 2 to include both ends")
    return np.linspace(0.0, last, steps)


def _same_shape(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or not a.ndim:
        raise ValueError(
            f"a has shape {list(a.shape)} and b {list(b.shape)}; they must be equal, [..., d]"
        )
    return a, b


def _refuse(wrong: np.ndarray, what: str, why: str) -> None:
    """Raises ValueError if a row of `wrong` [..., 1] is true."""
    if wrong.any():
        row = tuple(np.argwhere(wrong)[0][:-1].tolist())
        where = f" at row {', '.join(map(str, row))}" if row else ""
        raise ValueError(f"{what}{where}: {why}; change them, or interpolate with method='linear'")
