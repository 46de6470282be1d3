"""Weights stored in fewer bits: bfloat16, or int8 with scales.

The graph converts them to float32 at every call, by a cast and a product, so the file and the
server's memory between calls are smaller. Models need no change: while a signature runs or is
traced, a Keras stateless scope replaces their variables by these values.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tfvae.signatures.signature import Signature, Tensors

FORMS = ("float32", "bfloat16", "int8")


def with_stored_weights(
    model, named: Mapping[str, Signature], form: str, read: Mapping[str, Sequence[tf.Variable]]
) -> dict[str, Signature]:
    """Returns signatures of `model` that use its weights in the storage type `form`.

    Applies to matrices and convolution kernels; vectors, which are small, are not changed.

    Args:
        model: the model.
        named: its signatures.
        form: "bfloat16" or "int8".
        read: the variables that each signature reads; others are not converted.
    """
    store = {"bfloat16": _bfloat16, "int8": _int8}[form]
    stored = [
        (variable, store(variable.value.numpy()))
        for variable in model.variables
        if len(variable.shape) >= 2 and variable.dtype == "float32"
    ]
    result = {}
    for name, signature in named.items():
        references = {variable.ref() for variable in read[name]}
        used = [(v, value) for v, value in stored if v.value.ref() in references]
        result[name] = Signature(signature.inputs, _computed_with(used, signature.function))
    return result


def _computed_with(used: list, function: Callable[..., Tensors]) -> Callable[..., Tensors]:
    import keras  # noqa: PLC0415

    def computed(**tensors):
        with keras.StatelessScope([(variable, value()) for variable, value in used]):
            return function(**tensors)

    return computed


def _bfloat16(value: np.ndarray) -> Callable[[], tf.Tensor]:
    stored = tf.Variable(tf.cast(value, tf.bfloat16), trainable=False)
    return lambda: tf.cast(stored, tf.float32)


def _int8(value: np.ndarray) -> Callable[[], tf.Tensor]:
    codes, scale = quantized(value)
    stored = tf.Variable(codes, trainable=False), tf.Variable(scale, trainable=False)
    return lambda: tf.cast(stored[0], tf.float32) * stored[1]


def quantized(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantises `value` to int8 codes and a float32 scale per channel; their product is near it.

    The channel axis is the last or the second to last, whichever has the smaller geometric mean of
    scales: output channels are last in the kernel of a convolution, and second to last in the
    kernel of a transposed convolution.

    Args:
        value: float32 [..., m, n].
    """
    scales = []
    for axis in (value.ndim - 1, value.ndim - 2):
        others = tuple(i for i in range(value.ndim) if i != axis)
        scale = np.max(np.abs(value), others, keepdims=True) / np.float32(127)
        scales.append(np.where(scale == 0, np.float32(1), scale))
    scale = min(scales, key=lambda scale: np.mean(np.log(scale)))
    return np.round(value / scale).astype(np.int8), scale
