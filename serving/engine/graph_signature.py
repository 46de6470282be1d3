"""Maps a signature's inputs and outputs to tensors of the graph, checked as by the stock server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving import errors
from serving.client import tensors


class GraphSignature:
    """A SignatureDef as plain dictionaries, which are faster to read than the message.

    Attributes:
        name: Name of the signature.
        feeds: Tensors of the inputs, sorted by the inputs' names.
        data_types: Input name to DataType, in the same order.
    """

    def __init__(self, name: str, definition: meta_graph_pb2.SignatureDef):
        self.name = name
        names = sorted(definition.inputs)
        self.data_types = {name: definition.inputs[name].dtype for name in names}
        self.feeds = tuple(definition.inputs[name].name for name in names)
        self._outputs = {name: definition.outputs[name].name for name in sorted(definition.outputs)}
        self._defaults = {
            name: tf.make_ndarray(value) for name, value in definition.defaults.items()
        }

    def arrays(self, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Returns the arrays to feed, in the order of `feeds`, with defaults filled in.

        Raises:
            ServingError: INVALID_ARGUMENT, a name or dtype differs from the signature's. (A session
                would cast silently.)
        """
        if inputs.keys() != self.data_types.keys():
            self._check_names(inputs.keys())
        arrays = []
        for index, (name, expected) in enumerate(self.data_types.items()):
            array = inputs[name] if name in inputs else self._defaults[name]
            provided = tensors.data_type(array)
            if provided != expected:
                raise errors.invalid_argument(
                    f"Expects arg[{index}] to be {tensors.data_type_name(expected)} but "
                    f"{tensors.data_type_name(provided)} is provided"
                )
            arrays.append(array)
        return arrays

    def outputs(self, output_filter: Sequence[str]) -> dict[str, str]:
        """Returns output name to tensor for the wanted outputs; all if the filter is empty.

        Raises:
            ServingError: INVALID_ARGUMENT, the signature has no such output, or it is named twice.
        """
        if not output_filter:
            return self._outputs
        for position, name in enumerate(output_filter):
            if name not in self._outputs:
                raise errors.invalid_argument(
                    f"output tensor alias not found in signature: {name} Outputs expected to be "
                    f"in the set {{{_join(self._outputs)}}}."
                )
            if name in output_filter[:position]:
                raise errors.invalid_argument(f"duplicate output tensor alias: {name}")
        return {name: self._outputs[name] for name in output_filter}

    def _check_names(self, names: Iterable[str]) -> None:
        sent, known = set(names), set(self.data_types)
        if len(sent) > len(known) or (len(sent) < len(known) and not self._defaults):
            raise errors.invalid_argument(
                f"input size does not match signature: {len(sent)}!={len(known)} "
                f"len({{{_join(sent)}}}) != len({{{_join(known)}}}). "
                f"Sent extra: {{{_join(sent - known)}}}. "
                f"Missing but required: {{{_join(known - sent)}}}."
            )
        for name in sorted(known - sent - set(self._defaults)):
            tensor = dict(zip(self.data_types, self.feeds, strict=True))[name]
            raise errors.invalid_argument(
                f"Signature input alias: {name}(feed name: {tensor}) not found in request and no "
                f"default value provided. Inputs expected to be in the request "
                f"{{{_join(sent)}}}, or default input alias set: {_join(self._defaults)}"
            )
        if sent - known:
            raise errors.invalid_argument(
                f"Inputs contains invalid name. Used request inputs: {_join(sent & known)}, "
                f"request input: {_join(sent)}"
            )


def _join(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
