"""Data: images by number, with their factors where they are known."""

from tfvae.data.dataset import Dataset, GroundTruthDataset

__all__ = ["Dataset", "GroundTruthDataset"]
