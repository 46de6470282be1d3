"""Data sets: examples addressed by number, with ground-truth factors if they are known."""

from tfvae.data.arrays import Arrays
from tfvae.data.captioned_shapes2d import CaptionedShapes2D
from tfvae.data.cars3d import Cars3D
from tfvae.data.dataset import Dataset, GroundTruthDataset
from tfvae.data.fixed_factors import FixedFactors
from tfvae.data.folder import ImageFolder
from tfvae.data.labels import Labels
from tfvae.data.mnist import MNIST
from tfvae.data.modalities import Modalities
from tfvae.data.multimodal_dataset import MultimodalDataset
from tfvae.data.paired_mnist import LabelledMNIST, PairedMNIST
from tfvae.data.pinwheel import Pinwheel
from tfvae.data.shapes2d import Shapes2D
from tfvae.data.shapes2d_file import Shapes2DFile
from tfvae.data.shapes3d import Shapes3D
from tfvae.data.shapes3d_file import Shapes3DFile
from tfvae.data.table import Table
from tfvae.data.tensorflow_datasets_reader import TensorFlowDatasets
from tfvae.data.tfrecords import TFRecords

__all__ = [
    "MNIST",
    "Arrays",
    "CaptionedShapes2D",
    "Cars3D",
    "Dataset",
    "FixedFactors",
    "GroundTruthDataset",
    "ImageFolder",
    "LabelledMNIST",
    "Labels",
    "Modalities",
    "MultimodalDataset",
    "PairedMNIST",
    "Pinwheel",
    "Shapes2D",
    "Shapes2DFile",
    "Shapes3D",
    "Shapes3DFile",
    "TFRecords",
    "Table",
    "TensorFlowDatasets",
]
