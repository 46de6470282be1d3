"""Published architectures as Keras models; any other Keras model can be used instead."""

from tfvae.networks.convolutional import ConvDecoder, ConvEncoder
from tfvae.networks.dense import DenseDecoder, DenseEncoder
from tfvae.networks.discriminator import Discriminator
from tfvae.networks.joint_encoder import JointEncoder
from tfvae.networks.ladder_encoder import LadderEncoder
from tfvae.networks.token_encoder import TokenEncoder

__all__ = [
    "ConvDecoder",
    "ConvEncoder",
    "DenseDecoder",
    "DenseEncoder",
    "Discriminator",
    "JointEncoder",
    "LadderEncoder",
    "TokenEncoder",
]
