"""Clients of both kinds, and a scripted server."""

import asyncio
import contextlib
import threading
from concurrent import futures

import grpc

from serving.client import AsyncClient, messages_pb2, tensors


class InLoop:
    """An `AsyncClient` with blocking methods, which run the coroutines in an event loop."""

    def __init__(self, *args, **kwargs):
        self._client = AsyncClient(*args, **kwargs)
        self._runner = asyncio.Runner()

    def __getattr__(self, name):
        method = getattr(self._client, name)
        return lambda *args, **kwargs: self._runner.run(method(*args, **kwargs))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._runner.run(self._client.close())
        self._runner.close()


class Fake:
    """A gRPC server of a model with a `decode` that adds 1 to latents [B, 2].

    Attributes:
        failures: Status codes of the next predictions.
        requests: First value of each requested prediction, including failed ones.
        before: Called with that value before the response.
    """

    def __init__(self):
        self.failures = []
        self.requests = []
        self.before = lambda value: None
        self._lock = threading.Lock()

    def predict(self, request, context):
        latent = tensors.decode(request.inputs["latent"])
        with self._lock:
            self.requests.append(float(latent[0, 0]))
            failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            context.abort(failure, "as told")
        self.before(float(latent[0, 0]))
        response = messages_pb2.PredictResponse()
        response.outputs["image"].CopyFrom(tensors.encode_values(latent + 1))
        return response

    def metadata(self, request, context):
        spec = messages_pb2.TensorInfo(dtype=1)
        spec.tensor_shape.dim.add(size=-1)
        spec.tensor_shape.dim.add(size=2)
        signature = messages_pb2.SignatureDef(inputs={"latent": spec}, outputs={"image": spec})
        found = messages_pb2.SignatureDefMap(signature_def={"decode": signature})
        response = messages_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].value = found.SerializeToString()
        return response


@contextlib.contextmanager
def fake_server():
    """Yields a `Fake` and its address."""
    fake = Fake()
    methods = {
        "Predict": (fake.predict, messages_pb2.PredictRequest),
        "GetModelMetadata": (fake.metadata, messages_pb2.GetModelMetadataRequest),
    }
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            function, message.FromString, lambda response: response.SerializeToString()
        )
        for name, (function, message) in methods.items()
    }
    server = grpc.server(
        futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", -1)]
    )
    service = "tensorflow.serving.PredictionService"
    server.add_registered_method_handlers(service, handlers)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield fake, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
