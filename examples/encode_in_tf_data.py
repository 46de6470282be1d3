"""Encodes PNG files in a tf.data pipeline; needs only TensorFlow, neither Keras 3 nor TFP.

python examples/encode_in_tf_data.py saved_models/shapes 'pictures/*.png'
"""

import sys

import tensorflow as tf

from tfvae import saved_model

encode = saved_model.load(sys.argv[1])["encode"]  # from the newest version
height, width, channels = encode.inputs["image"].shape[1:]


def read(path: tf.Tensor) -> tf.Tensor:
    """Reads the image in a file, [H, W, C] in [0, 1]."""
    image = tf.io.decode_png(tf.io.read_file(path), channels)
    return tf.image.resize(tf.cast(image, tf.float32) / 255, [height, width])


paths = tf.data.Dataset.list_files(sys.argv[2], shuffle=False)
codes = paths.map(read, tf.data.AUTOTUNE).batch(128).map(encode).unbatch().prefetch(1)
for path, code in zip(paths, codes, strict=True):
    print(path.numpy().decode(), *(f"{value:.4f}" for value in code["mean"].numpy()))
