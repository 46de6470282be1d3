"""Checks of data and losses."""

import builtins
import contextlib
import re
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf

# Marks the message of a failed in-graph check among TensorFlow's errors.
NON_FINITE = "the loss is not finite"
# An exception of a Python function as TensorFlow passes it on: class, message, traceback.
_PYTHON_ERROR = re.compile(r"(?:^|: )(\w+Error): (.+)\nTraceback \(most recent", re.MULTILINE)


class NonFiniteLossError(ArithmeticError):
    """A loss became NaN or infinite; the message names the step and the terms."""


def check_images(images: tf.Tensor, shape: Sequence[int | None], support) -> None:
    """Checks a batch of images before a model uses it.

    Args:
        images: [B, ...].
        shape: the shape of an image that the model needs.
        support: (low, high), the likelihood's support; None if unbounded.

    Raises:
        ValueError: if the shape is another one, values are NaN or infinite (the message says how
            many images have them), or outside the support (it gives both ranges).
    """
    if not images.shape[1:].is_compatible_with(shape):
        raise ValueError(
            f"images have shape {list(images.shape[1:])}; the networks need {list(shape)}"
        )
    images = tf.cast(images, tf.float32)
    flat = tf.reshape(images, [tf.shape(images)[0], -1])
    broken = tf.where(~tf.reduce_all(tf.math.is_finite(flat), axis=1))[:, 0].numpy()
    if broken.size:
        raise ValueError(
            f"images hold NaN or infinite values: {broken.size} of {flat.shape[0]} images, "
            f"first number {broken[0]} of the batch; repair or remove them"
        )
    if support is None or not tf.size(flat):
        return
    low, high = float(tf.reduce_min(flat)), float(tf.reduce_max(flat))
    if low < support[0] or high > support[1]:
        raise ValueError(
            f"images range from {low:g} to {high:g}; the likelihood needs values from "
            f"{support[0]:g} to {support[1]:g}. Scale them (8-bit images: divide by 255), or "
            "use a likelihood without bounds such as tfvae.heads.Normal"
        )


def require_wide_floats(model: keras.Model) -> None:
    """Raises ValueError if weights, or sums over examples, would be in 16 bits.

    Such weights lose small steps, and such sums are infinite from 65,504 on.
    """
    narrow = ("float16", "bfloat16")
    if keras.config.floatx() in narrow:
        raise ValueError(
            f"keras.config.floatx() is {keras.config.floatx()!r}, in which weights lose small "
            "steps and sums overflow; call keras.config.set_floatx('float32') before the model is "
            "made, and give networks dtype='mixed_float16' or 'mixed_bfloat16' to compute in 16 "
            "bits"
        )
    for variable in model.trainable_variables:
        if variable.dtype in narrow:
            raise ValueError(
                f"weight {variable.path} is in {variable.dtype}, in which it loses small steps; "
                f"make the networks with dtype='mixed_{variable.dtype}', which keeps weights in "
                "float32"
            )


def assert_finite(terms: dict[str, tf.Tensor], step: tf.Tensor) -> tf.Operation:
    """Returns an operation that fails if a term [B] is not finite."""
    sums = tf.stack([tf.reduce_sum(term) for term in terms.values()])
    message = f"{NON_FINITE}; step, then {', '.join(terms)}:"
    # `summarize`: by default only three values are printed.
    data = [message, tf.reshape(step, [1]), sums]
    return tf.debugging.Assert(tf.reduce_all(tf.math.is_finite(sums)), data, summarize=len(terms))


@contextlib.contextmanager
def readable_errors() -> Iterator[None]:
    """Re-raises errors from inside TensorFlow with their original message only.

    Raises:
        NonFiniteLossError: if `assert_finite` failed.
        ValueError: if a reader found bad data (the message names file and record).
        OSError: if a reader cannot read a file.
    """
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnknownError) as error:
        if NON_FINITE in error.message:
            raise _non_finite_loss_error(error.message) from None
        reading = _PYTHON_ERROR.search(error.message)
        if reading and "PyFunc" in error.message:
            kind, text = reading.groups()
            if isinstance(error, tf.errors.InvalidArgumentError) and kind != "TypeError":
                raise ValueError(text) from None
            if issubclass(getattr(builtins, kind, type(None)), OSError):
                raise OSError(text) from None
        raise


def _non_finite_loss_error(message: str) -> NonFiniteLossError:
    # Names before the colon; after it, in brackets, the step and the values of the terms.
    listed, numbers = message.split(f"{NON_FINITE}; step, then ")[1].split(":", 1)
    names = listed.split(", ")
    step, *sums = re.findall(r"[-+]?(?:nan|inf|\d[\d.e+-]*)", numbers.lower())[: 1 + len(names)]
    broken = [
        name
        for name, value in zip(names, sums, strict=True)
        if value.lstrip("-+") in ("nan", "inf")
    ]
    return NonFiniteLossError(
        f"{NON_FINITE} at step {step}: {', '.join(broken)} broke. Look for NaN in the data, "
        "lower the learning rate or clip gradients (clipnorm)"
    )
