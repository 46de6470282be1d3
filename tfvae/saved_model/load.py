"""Loads exported models as functions, for `tf.data` pipelines; needs only TensorFlow.

For Keras models use `tfvae.saved_model.layer.SignatureLayer`.
"""

import os
import pathlib
from collections.abc import Iterator, Mapping

import tensorflow as tf

from tfvae.saved_model.versions import version_directory


class SignatureFunction:
    """One signature of an exported model.

    Call it with tensors in the alphabetical order of the inputs' names, with a dictionary, or with
    keywords; it returns a dictionary of tensors. Rows are independent of each other. It can be
    passed to `tf.data.Dataset.map` directly.

    Attributes:
        name: name of the signature.
        inputs: names to dtype and shape, [None, ...], sorted by name.
        outputs: names to dtype and shape.
    """

    def __init__(self, name: str, root, function):
        self.name = name
        self.inputs: dict[str, tf.TensorSpec] = dict(
            sorted(function.structured_input_signature[1].items())
        )
        self.outputs: dict[str, tf.TensorSpec] = dict(function.structured_outputs)
        self._function = function
        self._root = root  # keeps the variables alive

    def __call__(self, *tensors, **named) -> dict[str, tf.Tensor]:
        """Runs the signature.

        Raises:
            ValueError: if the inputs are not those of the signature.
        """
        if len(tensors) == 1 and isinstance(tensors[0], Mapping):
            given = {**tensors[0], **named}
        else:
            given = {**dict(zip(self.inputs, tensors, strict=False)), **named}
        if set(given) != set(self.inputs) or len(tensors) > len(self.inputs):
            wanted = ", ".join(
                f"{name} {spec.dtype.name} {spec.shape.as_list()}"
                for name, spec in self.inputs.items()
            )
            got = f"{len(tensors)} tensors" if len(tensors) > 1 else ", ".join(sorted(given))
            raise ValueError(
                f"the inputs of signature {self.name!r} are {wanted}; got {got or 'none'}"
            )
        return self._function(
            **{
                name: tf.convert_to_tensor(given[name], spec.dtype)
                for name, spec in self.inputs.items()
            }
        )

    def __repr__(self) -> str:
        return f"<signature {self.name!r}: {', '.join(self.inputs)} -> {', '.join(self.outputs)}>"


class LoadedModel(Mapping[str, SignatureFunction]):
    """The signatures of an exported model, by name: `load("saved_models/shapes")["encode"]`.

    Attributes:
        path: directory of the version.
    """

    def __init__(self, path: pathlib.Path):
        self.path = str(path)
        root = tf.saved_model.load(self.path)
        self._signatures = {
            name: SignatureFunction(name, root, function)
            for name, function in sorted(root.signatures.items())
        }

    def __getitem__(self, name: str) -> SignatureFunction:
        """Returns a signature.

        Raises:
            KeyError: if there is no such signature (the message lists the signatures).
        """
        if name not in self._signatures:
            raise KeyError(
                f"{self.path} has no signature {name!r}; it has {', '.join(self._signatures)}"
            )
        return self._signatures[name]

    def __contains__(self, name: object) -> bool:
        return name in self._signatures

    def __iter__(self) -> Iterator[str]:
        return iter(self._signatures)

    def __len__(self) -> int:
        return len(self._signatures)


def load(path: str | os.PathLike) -> LoadedModel:
    """Loads an exported model.

    Example (whole programs are in examples/):
        encode = tfvae.saved_model.load("saved_models/shapes")["encode"]
        codes = images.batch(128).map(encode)          # in tf.data: {"mean": ..., "stddev": ...}

    Args:
        path: the directory of one version, or a model's base path for its newest version.

    Raises:
        FileNotFoundError: if there is no exported model.
    """
    return LoadedModel(version_directory(path))
