"""Variational autoencoders in Keras 3 and TensorFlow Probability, from the paper to the server."""

import importlib

from tfvae import saved_model
from tfvae.saved_model import export

__version__ = "0.1.0"

__all__ = ["export", "saved_model"]

try:
    importlib.import_module("tensorflow_probability")
except ImportError as error:
    # What is exported can be loaded with TensorFlow alone: then there is only `saved_model`.
    _REASON = str(error)

    def __getattr__(name: str):
        if name.startswith("_"):
            raise AttributeError(f"module 'tfvae' has no attribute {name!r}")
        raise ImportError(
            f"tfvae.{name} needs TensorFlow Probability and what comes with it, which cannot be "
            f"imported: {_REASON}. Install tfvae with its requirements; without them there is "
            "tfvae.saved_model.load"
        )

else:
    from tfvae.keras_backend import require_tensorflow

    require_tensorflow()

    from tfvae import (
        data,
        distributions,
        estimators,
        evaluation,
        heads,
        latents,
        metrics,
        models,
        multimodal,
        networks,
        noise,
        plots,
        priors,
        schedules,
        training,
    )
    from tfvae.models import *  # noqa: F403
    from tfvae.multimodal import *  # noqa: F403
    from tfvae.runs import load_run

    __all__ += [
        "data",
        "distributions",
        "estimators",
        "evaluation",
        "heads",
        "latents",
        "load_run",
        "metrics",
        "models",
        "multimodal",
        "networks",
        "noise",
        "plots",
        "priors",
        "schedules",
        "training",
    ]
    # Every public model is here under its own name.
    __all__ += models.__all__
    __all__ += multimodal.__all__
