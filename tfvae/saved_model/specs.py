"""The tensors of a signature: their names, types and shapes, and which of them an export has."""

from collections.abc import Iterator, Mapping

import tensorflow as tf


def signatures(meta_graph) -> dict:
    """Returns name to SignatureDef, without those that TensorFlow keeps for itself."""
    found = sorted(meta_graph.signature_def.items())
    return {name: signature for name, signature in found if not name.startswith("__")}


def tensor_specs(tensors: Mapping) -> dict[str, tf.TensorSpec]:
    """Returns name to dtype and shape of a SignatureDef's inputs or outputs, alphabetical.

    A composite tensor, such as a sparse one, is left out: a request cannot carry it.
    """
    return {
        name: tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.dtypes.as_dtype(info.dtype))
        for name, info in sorted(tensors.items())
        if info.WhichOneof("encoding") == "name"
    }


def described(spec: tf.TensorSpec) -> str:
    """Returns such as "float32 [None, 64, 64, 1]"."""
    shape = spec.shape.as_list() if spec.shape.rank is not None else "of unknown rank"
    return f"{spec.dtype.name} {shape}"


def problems(signature) -> Iterator[str]:
    """Yields which inputs and outputs of a SignatureDef are not what an export has."""
    for kind, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        found = tensor_specs(tensors)
        for name in sorted(tensors.keys() - found.keys()):
            yield f"{kind} {name} is a composite tensor; requests carry plain ones only"
        for name, spec in found.items():
            if not spec.shape.rank or spec.shape[0] is not None:
                yield (
                    f"{kind} {name} is {described(spec)}, whose first axis is not a batch of any "
                    "size; it cannot be batched with other requests"
                )
            if spec.dtype not in (tf.float32, tf.string) and not spec.dtype.is_integer:
                yield f"{kind} {name} is {described(spec)}; exports have float32 and integers"
