"""SavedModels: signatures of plain tensors, written beside, proven, then renamed."""

from tfvae.saved_model.export import export
from tfvae.saved_model.lint import ExportError

__all__ = ["ExportError", "export"]
