"""Names, dtypes and shapes of a signature's tensors, and their rules for exports."""

from collections.abc import Iterator, Mapping

import tensorflow as tf


def tensor_specs(tensors: Mapping) -> dict[str, tf.TensorSpec]:
    """Returns dtype and shape of a SignatureDef's inputs or outputs, sorted by name.

    Composite tensors, such as sparse ones, are left out: a request cannot contain them.
    """
    return {
        name: tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.dtypes.as_dtype(info.dtype))
        for name, info in sorted(tensors.items())
        if info.WhichOneof("encoding") == "name"
    }


def described(spec: tf.TensorSpec) -> str:
    """Describes a tensor, such as "float32 [None, 64, 64, 1]"."""
    shape = spec.shape.as_list() if spec.shape.rank is not None else "of unknown rank"
    return f"{spec.dtype.name} {shape}"


def problems(signature) -> Iterator[str]:
    """Yields the inputs and outputs of a SignatureDef that break the rules for exports."""
    for kind, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        found = tensor_specs(tensors)
        for name in sorted(tensors.keys() - found.keys()):
            yield f"{kind} {name} is a composite tensor; requests carry plain ones only"
        for name, spec in found.items():
            if not spec.shape.rank or spec.shape[0] is not None:
                yield (
                    f"{kind} {name} is {described(spec)}; its first axis is not a batch of any "
                    "size, so it cannot be batched with other requests"
                )
            if spec.dtype not in (tf.float32, tf.string) and not spec.dtype.is_integer:
                yield f"{kind} {name} is {described(spec)}; exports have float32 and integers"
