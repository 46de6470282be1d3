"""Published architectures as ordinary Keras models; a user's own drops in beside them."""

from tfvae.networks.convolutional import ConvDecoder, ConvEncoder
from tfvae.networks.dense import DenseDecoder, DenseEncoder
from tfvae.networks.discriminator import Discriminator

__all__ = ["ConvDecoder", "ConvEncoder", "DenseDecoder", "DenseEncoder", "Discriminator"]
