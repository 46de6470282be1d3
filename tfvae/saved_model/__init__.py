"""SavedModels with signatures of plain tensors, verified before they appear in the base path.

Importing this package needs only TensorFlow; `export` also needs the packages of its model.
"""

from tfvae.saved_model.export import export
from tfvae.saved_model.lint import ExportError
from tfvae.saved_model.load import LoadedModel, SignatureFunction, load

__all__ = ["ExportError", "LoadedModel", "SignatureFunction", "export", "load"]
