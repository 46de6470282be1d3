"""Signatures that take and give PNG bytes instead of images."""

import tensorflow as tf


def with_png(signature, image_shape: tuple[int, int, int], support):
    """Returns `signature` with its `image` tensors as `image_bytes`, PNG strings [B].

    Args:
        signature: a Signature with an image among its inputs or outputs.
        image_shape: (H, W, C), C being 1 or 3.
        support: (low, high) that black and white stand for; (0, 1) where None.
    """
    low, high = support or (0.0, 1.0)
    inputs = dict(signature.inputs)
    takes_image = inputs.pop("image", None) is not None
    if takes_image:
        inputs["image_bytes"] = tf.TensorSpec([None], tf.string)

    def function(**tensors):
        if takes_image:
            grey = _decoded(tensors.pop("image_bytes"), image_shape)
            tensors["image"] = low + (high - low) * grey
        outputs = dict(signature.function(**tensors))
        if "image" in outputs:
            outputs["image_bytes"] = _encoded((outputs.pop("image") - low) / (high - low))
        return outputs

    return type(signature)(inputs, function)


def _decoded(image_bytes: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    def one(png):
        image = tf.io.decode_png(png, channels=shape[-1])
        size = tf.shape(image)
        check = tf.debugging.Assert(
            tf.reduce_all(size == shape),
            [f"image_bytes must be a PNG of {shape[0]} x {shape[1]} pixels; got", size],
        )
        with tf.control_dependencies([check]):
            image = tf.cast(image, tf.float32) / 255.0
        # With tf.ensure_shape here, constant folding would take the check for passed.
        image.set_shape(shape)
        return image

    return tf.map_fn(one, image_bytes, fn_output_signature=tf.TensorSpec(shape, tf.float32))


def _encoded(images: tf.Tensor) -> tf.Tensor:
    levels = tf.cast(tf.round(tf.clip_by_value(images, 0.0, 1.0) * 255.0), tf.uint8)
    spec = tf.TensorSpec([], tf.string)
    return tf.map_fn(tf.io.encode_png, levels, fn_output_signature=spec)
