"""Checks that Keras computes with TensorFlow, before anything is built on it."""

import json
import os
import pathlib
import sys

BACKEND = "tensorflow"


def require_tensorflow() -> None:
    """Raises ImportError, named "keras", if Keras is set to another backend."""
    backend, where = _setting()
    if backend != BACKEND:
        raise ImportError(
            f"Keras's backend is {backend!r} ({where}), and tfvae needs {BACKEND!r}: set the "
            f"environment variable KERAS_BACKEND={BACKEND} before Keras is imported",
            name="keras",
        )


def _setting() -> tuple[str, str]:
    """The backend, and what set it; Keras itself would fail if a backend is not installed."""
    if "keras" in sys.modules:
        return sys.modules["keras"].config.backend(), "it is imported already"
    backend = os.environ.get("KERAS_BACKEND")
    if backend:
        return backend, f"by the environment variable KERAS_BACKEND={backend}"
    home = os.environ.get("KERAS_HOME")
    path = pathlib.Path(home or pathlib.Path.home() / ".keras", "keras.json")
    try:
        return json.loads(path.read_text()).get("backend", BACKEND), f"by {path}"
    except (OSError, ValueError):  # no such file, or one that Keras does not read either
        return BACKEND, "by default"
