"""Data: images by number, with their factors where they are known."""

from tfvae.data.dataset import Dataset, GroundTruthDataset
from tfvae.data.shapes2d import Shapes2D

__all__ = ["Dataset", "GroundTruthDataset", "Shapes2D"]
