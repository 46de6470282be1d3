"""The client's methods."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
import numpy as np

from serving.client import arguments, messages_pb2, tensors

_AVAILABLE = 30  # ModelVersionStatus.State
_SERVICE = "/tensorflow.serving."


class Client:
    """Calls a model on a server that speaks TensorFlow Serving's gRPC, ours or the stock one.

    A call of many rows is sent in chunks; the answers are those of one call. Seeds are integers,
    or one row [B, 2] of int64 for each example: an integer seed stands for the rows (seed, i).
    Errors of the server are raised as `grpc.RpcError`, with its code and message.

    Example:
        >>> client = Client("localhost:8500", model="factor_vae")  # doctest: +SKIP
        >>> client.wait_ready(timeout=30)  # doctest: +SKIP
        >>> mean, stddev = client.encode(images)  # doctest: +SKIP
    """

    def __init__(
        self,
        address: str,
        model: str,
        *,
        version: int | None = None,
        timeout: float = 60.0,
        chunk_size: int = 256,
    ):
        """Opens a channel; nothing is sent yet.

        Args:
            address: `host:port` of the server's gRPC.
            model: Name of the model.
            version: Version of the model; None is the latest.
            timeout: Seconds allowed for each chunk.
            chunk_size: Rows sent in one request.

        Raises:
            ValueError: chunk_size is not positive.
        """
        if chunk_size < 1:
            raise ValueError(f"chunk_size={chunk_size} must be at least 1")
        self._model = model
        self._version = version
        self._timeout = timeout
        self._chunk_size = chunk_size
        self._signatures: dict[str, messages_pb2.SignatureDef] | None = None
        limit = 2**31 - 1  # gRPC's own is 4 MiB, a few hundred images.
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_send_message_length", limit),
                ("grpc.max_receive_message_length", limit),
            ],
        )
        self._predict = self._method("PredictionService/Predict", messages_pb2.PredictResponse)
        self._get_metadata = self._method(
            "PredictionService/GetModelMetadata", messages_pb2.GetModelMetadataResponse
        )
        self._get_status = self._method(
            "ModelService/GetModelStatus", messages_pb2.GetModelStatusResponse
        )

    def _method(self, name: str, response: Any) -> Callable[..., Any]:
        return self._channel.unary_unary(
            _SERVICE + name,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=response.FromString,
        )

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the model can do

    def wait_ready(self, timeout: float = 60.0) -> int:
        """Waits until the server serves the model.

        Args:
            timeout: Seconds to wait.

        Returns:
            The version served.

        Raises:
            TimeoutError: It does not serve it in time; says what it last answered.
        """
        end = time.monotonic() + timeout
        request = messages_pb2.GetModelStatusRequest(model_spec=self._spec())
        while True:
            left = max(end - time.monotonic(), 0.001)
            try:
                response = self._get_status(request, timeout=left, wait_for_ready=True)
                states = {s.version: s for s in response.model_version_status}
                available = [v for v, status in states.items() if status.state == _AVAILABLE]
                if available:
                    return max(available)
                answer = f"no version is available: {response}"
            except grpc.RpcError as error:
                answer = _details(error)
            if time.monotonic() + 0.1 >= end:
                raise TimeoutError(
                    f"model {self._model!r} is not served after {timeout:g} s; {answer}"
                )
            time.sleep(0.1)

    def metadata(self) -> dict[str, dict[str, dict[str, tuple[str, tuple[int, ...]]]]]:
        """Asks for the model's signatures.

        Returns:
            Signature name to its `inputs` and `outputs`, each name to (dtype, shape); -1 is a
            dimension of any size.
        """
        return {
            name: {
                "inputs": {key: _describe(info) for key, info in signature.inputs.items()},
                "outputs": {key: _describe(info) for key, info in signature.outputs.items()},
            }
            for name, signature in sorted(self._fetch_signatures().items())
        }

    # What the model does

    def encode(self, images: Any) -> tuple[np.ndarray, np.ndarray] | np.ndarray:
        """The posterior q(z|x) of each image.

        Args:
            images: [B, H, W, C] floats in the range the model was trained on.

        Returns:
            mean [B, d] and stddev [B, d]; the probabilities alone where q(z|x) is discrete.
        """
        outputs = self._call("encode", images)
        if set(outputs) == {"mean", "stddev"}:
            return outputs["mean"], outputs["stddev"]
        return _only(outputs)

    def encode_sample(self, images: Any, seed: Any) -> np.ndarray:
        """One sample of q(z|x) for each image: [B, d]."""
        return self._call("encode_sample", images, seed)["latent"]

    def decode(self, latents: Any) -> np.ndarray:
        """The mean of p(x|z) for latents [B, d]: [B, H, W, C]."""
        return _only(self._call("decode", latents))

    def sample(self, n: int, seed: Any) -> tuple[np.ndarray, np.ndarray]:
        """Draws n latents from the prior and decodes them.

        Args:
            n: How many.
            seed: An int, or rows [n, 2].

        Returns:
            latent [n, d] and image [n, H, W, C].
        """
        outputs = self._rows("sample", {"seed": arguments.seed_rows(seed, n)})
        latent = outputs.pop("latent")
        return latent, _only(outputs)

    def reconstruct(self, images: Any) -> np.ndarray:
        """The decoded posterior mean of each image: [B, H, W, C]."""
        return _only(self._call("reconstruct", images))

    def log_likelihood(self, images: Any, seed: Any) -> np.ndarray:
        """Importance-weighted log p(x) of each image, in nats: [B]."""
        return self._call("log_likelihood", images, seed)["log_likelihood"]

    def predict(
        self,
        signature: str,
        inputs: Mapping[str, Any],
        output_filter: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """Runs any signature in one request, its inputs sent as they are.

        Args:
            signature: Name of the signature; empty is `serving_default`.
            inputs: Input name to array, of the signature's dtypes.
            output_filter: Outputs wanted; all when empty.

        Returns:
            Output name to array; strings are `bytes` objects.
        """
        request = messages_pb2.PredictRequest(
            model_spec=self._spec(signature), output_filter=output_filter
        )
        for name, value in inputs.items():
            array = value if isinstance(value, np.ndarray) else arguments.as_array(value)
            request.inputs[name].CopyFrom(tensors.encode_content(array))
        response = self._predict(request, timeout=self._timeout)
        return {name: tensors.decode(value) for name, value in response.outputs.items()}

    # How

    def _spec(self, signature: str = "") -> messages_pb2.ModelSpec:
        spec = messages_pb2.ModelSpec(name=self._model, signature_name=signature)
        if self._version is not None:
            spec.version.value = self._version
        return spec

    def _fetch_signatures(self) -> dict[str, messages_pb2.SignatureDef]:
        request = messages_pb2.GetModelMetadataRequest(
            model_spec=self._spec(), metadata_field=["signature_def"]
        )
        response = self._get_metadata(request, timeout=self._timeout)
        found = messages_pb2.SignatureDefMap.FromString(response.metadata["signature_def"].value)
        self._signatures = dict(found.signature_def)
        return self._signatures

    def _signature(self, name: str) -> messages_pb2.SignatureDef:
        signatures = self._signatures or self._fetch_signatures()
        if name not in signatures:
            signatures = self._fetch_signatures()  # A newer version may have it.
        if name not in signatures:
            known = ", ".join(sorted(signatures))
            raise ValueError(f"model {self._model!r} has no signature {name!r}; it has {known}")
        return signatures[name]

    def _call(self, name: str, value: Any, seed: Any = None) -> dict[str, np.ndarray]:
        """Runs a signature of one input, and a seed where it takes one, in chunks."""
        inputs = {key: info for key, info in self._signature(name).inputs.items() if key != "seed"}
        if len(inputs) != 1:
            raise ValueError(
                f"signature {name!r} has inputs {sorted(inputs)}; call predict with each of them"
            )
        ((key, info),) = inputs.items()
        array = arguments.checked(np.asarray(value), key, info)
        arrays = {key: array}
        if seed is not None:
            arrays["seed"] = arguments.seed_rows(seed, len(array))
        return self._rows(name, arrays)

    def _rows(self, name: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        size = len(next(iter(arrays.values())))
        answers = [
            self.predict(name, {key: array[part] for key, array in arrays.items()})
            for part in arguments.chunks(size, self._chunk_size)
        ]
        return {key: np.concatenate([answer[key] for answer in answers]) for key in answers[0]}


def _only(outputs: dict[str, np.ndarray]) -> np.ndarray:
    if len(outputs) != 1:
        raise ValueError(f"the model answers {sorted(outputs)}; call predict for all of them")
    return next(iter(outputs.values()))


def _describe(info: messages_pb2.TensorInfo) -> tuple[str, tuple[int, ...]]:
    return tensors.data_type_name(info.dtype), arguments.shape_of(info)


def _details(error: grpc.RpcError) -> str:
    if isinstance(error, grpc.Call):
        return f"the server answered {error.code().name}: {error.details()}"
    return str(error)
