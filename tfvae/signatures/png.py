"""Signatures that take and return PNG bytes instead of images."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf


def is_picture(shape: tuple[int, ...]) -> bool:
    """Returns whether examples of this shape are images that PNG can store."""
    return len(shape) == 3 and shape[-1] in (1, 3)


def with_png(signature, data_shape: Mapping[str, tuple[int, ...]], support: Mapping[str, Any]):
    """Returns `signature` with each image NAME as NAME_bytes, PNG strings [B].

    Args:
        signature: a Signature.
        data_shape: shapes of the data by tensor name; shapes (H, W, 1 or 3) are images.
        support: values (low, high) of black and white by tensor name; (0, 1) if None.
    """
    shapes = {name: shape for name, shape in data_shape.items() if is_picture(shape)}
    bounds = {name: support[name] or (0.0, 1.0) for name in shapes}
    inputs = {
        (f"{name}_bytes" if name in shapes else name): (
            tf.TensorSpec([None], tf.string) if name in shapes else spec
        )
        for name, spec in signature.inputs.items()
    }

    def function(**tensors):
        for name in shapes.keys() & signature.inputs.keys():
            low, high = bounds[name]
            grey = _decoded(name, tensors.pop(f"{name}_bytes"), shapes[name])
            tensors[name] = low + (high - low) * grey
        outputs = dict(signature.function(**tensors))
        for name in shapes.keys() & outputs.keys():
            low, high = bounds[name]
            outputs[f"{name}_bytes"] = _encoded((outputs.pop(name) - low) / (high - low))
        return outputs

    return type(signature)(inputs, function)


def _decoded(name: str, image_bytes: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    def one(png):
        image = tf.io.decode_png(png, channels=shape[-1])
        size = tf.shape(image)
        check = tf.debugging.Assert(
            tf.reduce_all(size == shape),
            [f"{name}_bytes must be a PNG of {shape[0]} x {shape[1]} pixels; got", size],
        )
        with tf.control_dependencies([check]):
            image = tf.cast(image, tf.float32) / 255.0
        # Not tf.ensure_shape: constant folding would then remove the check.
        image.set_shape(shape)
        return image

    return tf.map_fn(one, image_bytes, fn_output_signature=tf.TensorSpec(shape, tf.float32))


def _encoded(images: tf.Tensor) -> tf.Tensor:
    levels = tf.cast(tf.round(tf.clip_by_value(images, 0.0, 1.0) * 255.0), tf.uint8)
    spec = tf.TensorSpec([], tf.string)
    return tf.map_fn(tf.io.encode_png, levels, fn_output_signature=spec)
