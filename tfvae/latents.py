"""Arithmetic of latents: the means of classes, directions between them, ways from one to another.

Arrays in, arrays out. `encoded` and `decoded` make arrays of what a model, or a client of a served
model, gives; the rest is the same for both.

Example:
    codes = encoded(model.encode, images)              # or client.encode; [N, d]
    zero = direction(codes, labels, 0)                 # from the other digits to the zeros, [d]
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
# Vectors this near to opposite, in radians, have no direction between them that float32 can tell.
_OPPOSITE = 1e-5


def encoded(encode: Callable, images: np.ndarray) -> np.ndarray:
    """Returns the means of q(z|x), [N, d], in batches of 500.

    Args:
        encode: images [n, ...] to a distribution (`model.encode`), to mean and stddev
            (`client.encode`, or a signature of `tfvae.saved_model.load`) or to codes [n, d].
        images: [N, ...].

    Raises:
        ValueError: for a signature that gives neither a mean nor one output alone.
    """
    return np.concatenate([_mean(encode(part)) for part in _parts(np.asarray(images))])


def decoded(decode: Callable, latents: ArrayLike) -> np.ndarray:
    """Returns the means of p(x|z), [..., *data_shape], in batches of 500.

    Args:
        decode: latents [n, d] to a distribution (`model.decode`) or to data (`client.decode`, or a
            signature of `tfvae.saved_model.load`).
        latents: [..., d].

    Raises:
        ValueError: for a signature of several outputs.
    """
    latents = np.asarray(latents, np.float32)
    rows = latents.reshape(-1, latents.shape[-1])
    data = np.concatenate([_mean(decode(part)) for part in _parts(rows)])
    return data.reshape(*latents.shape[:-1], *data.shape[1:])


def class_means(codes: ArrayLike, labels: ArrayLike) -> dict[Any, np.ndarray]:
    """Returns the mean [d] of the codes of each label that occurs, in the labels' order.

    Args:
        codes: [N, d].
        labels: [N].

    Raises:
        ValueError: for codes that are no finite rows, or another number of labels.
    """
    codes, labels, dtype = _checked(codes, labels)
    return {
        label: codes[labels == label].mean(axis=0).astype(dtype)
        for label in np.unique(labels).tolist()
    }


def direction(
    codes: ArrayLike, labels: ArrayLike, label: Any, versus: Any | None = None
) -> np.ndarray:
    """Returns the mean code of a class minus that of all the others, or of one other, [d].

    Args:
        codes: [N, d].
        labels: [N].
        label: the class that the direction leads to.
        versus: the class that it leads from; the whole rest where None.

    Raises:
        ValueError: for a label that never occurs, `versus` the same as `label`, no rest, and as
            `class_means` does.
    """
    codes, labels, dtype = _checked(codes, labels)
    for name, value in (("label", label), ("versus", versus)):
        if value is not None and not np.any(labels == value):
            occurring = ", ".join(map(repr, np.unique(labels).tolist()))
            raise ValueError(f"{name} is {value!r}, which never occurs; the labels are {occurring}")
    if versus is not None and versus == label:
        raise ValueError(f"label and versus are both {label!r}; they must be two classes")
    to = labels == label
    start = ~to if versus is None else labels == versus
    if not start.any():
        raise ValueError(
            f"label is {label!r} in all {len(labels)} rows; a direction needs codes of others too"
        )
    return (codes[to].mean(axis=0) - codes[start].mean(axis=0)).astype(dtype)


def add(
    latents: ArrayLike, direction: ArrayLike, steps: int = 6, amount: float = 1.0
) -> np.ndarray:
    """Returns latents to which a direction is added step by step, [steps, n, d].

    Args:
        latents: [n, d]; the first step leaves them as they are.
        direction: [d].
        steps: how many, at least 2, evenly apart.
        amount: how many times the direction the last step has; below 0 leads away.

    Raises:
        ValueError: for fewer than 2 steps, or shapes that do not fit.
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
    """Returns the latents on the way from `a` to `b`, [steps, ..., d]; the ends are a and b.

    Args:
        a: [..., d].
        b: of the same shape.
        steps: how many, at least 2, both ends included.
        method: "slerp" (see `slerp`), which stays as far from the origin as a normal's draws
            are, or "linear", the straight line.

    Raises:
        ValueError: for fewer than 2 steps, an unknown method, and as `slerp` does.
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
    """Returns latents on the arc from `a` to `b`, [T, ..., d].

    The direction turns from a's to b's at constant speed (Shoemake 1985), the norm
    goes linearly from a's to b's. Where both have one direction, the arc is the straight line.

    Args:
        a: [..., d].
        b: of the same shape.
        fractions: [T], how far on the way: 0 is a, 1 is b.

    Raises:
        ValueError: for different shapes; for a zero vector, which has no direction, and opposite
            vectors, between which there is no one arc (naming the first row that has them).
    """
    a, b = _same_shape(a, b)
    dtype = _dtype(a, b)
    a, b = a.astype(np.float64), b.astype(np.float64)
    norm_a, norm_b = (np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    for name, norm in (("a", norm_a), ("b", norm_b)):
        _refuse(norm == 0, f"{name} is zero", "a zero vector has no direction")
    unit_a, unit_b = a / norm_a, b / norm_b
    # Exact for small angles too, where the arc cosine of the product is not.
    angle = 2 * np.arctan2(
        np.linalg.norm(unit_a - unit_b, axis=-1, keepdims=True),
        np.linalg.norm(unit_a + unit_b, axis=-1, keepdims=True),
    )
    _refuse(angle > np.pi - _OPPOSITE, "a and b are opposite", "every arc between them is as short")
    t = np.asarray(fractions, np.float64).reshape(-1, *[1] * a.ndim)
    norm = (1 - t) * norm_a + t * norm_b

    def weight(share):  # sin(share * angle) / sin(angle), also where the angle is 0
        return share * np.sinc(share * angle / np.pi) / np.sinc(angle / np.pi)

    # In this order a weight at an end is exactly 1.
    return (weight(1 - t) * (norm / norm_a) * a + weight(t) * (norm / norm_b) * b).astype(dtype)


def _mean(answer: Any) -> np.ndarray:
    if isinstance(answer, Mapping):  # of a signature
        if "mean" not in answer and len(answer) != 1:
            raise ValueError(
                f"the signature gives {', '.join(answer)}; it must give a mean or one output alone"
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
    """Codes as float64 [N, d] and labels [N], and the type that means are returned in."""
    dtype = _dtype(np.asarray(codes))
    codes, labels = check_codes(codes), np.asarray(labels)
    if labels.shape != codes.shape[:1]:
        raise ValueError(
            f"labels has shape {list(labels.shape)}; it must be [{len(codes)}], one for each row "
            "of codes"
        )
    return codes, labels, dtype


def _dtype(*arrays: np.ndarray) -> Any:
    return np.result_type(np.float32, *arrays)


def _evenly(steps: int, last: float = 1.0) -> np.ndarray:
    if steps < 2:
        raise ValueError(f"steps is {steps}; it must be at least 2, the two ends")
    return np.linspace(0.0, last, steps)


def _same_shape(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or not a.ndim:
        raise ValueError(
            f"a has shape {list(a.shape)} and b {list(b.shape)}; they must be the same, [..., d]"
        )
    return a, b


def _refuse(wrong: np.ndarray, what: str, why: str) -> None:
    """Raises ValueError where a row of `wrong` [..., 1] is true."""
    if wrong.any():
        row = tuple(np.argwhere(wrong)[0][:-1].tolist())
        where = f" at row {', '.join(map(str, row))}" if row else ""
        raise ValueError(f"{what}{where}: {why}; give others, or interpolate with method='linear'")
