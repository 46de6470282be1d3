"""SavedModels: signatures of plain tensors, written beside, proven, then renamed.

Importing this needs TensorFlow alone; `export` needs what its model needs.
"""

from tfvae.saved_model.export import export
from tfvae.saved_model.lint import ExportError
from tfvae.saved_model.load import LoadedModel, SignatureFunction, load

__all__ = ["ExportError", "LoadedModel", "SignatureFunction", "export", "load"]
