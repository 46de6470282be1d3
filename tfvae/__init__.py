"""Variational autoencoders in Keras 3 and TensorFlow Probability, from the paper to the server."""

__version__ = "0.1.0"
