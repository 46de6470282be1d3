"""Fuzzing: thousands of mutated bytes, odd messages and odd JSON documents.

    TFVAE_MUTATED_REQUESTS=50000 python -m pytest tests/serving/test_mutated_requests.py

No request may crash the server, hang, be answered INTERNAL or leak memory.
"""

import http.client
import json
import os
import urllib.parse
from pathlib import Path

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, inference_pb2

from serving.client import messages_pb2, tensors
from tests.serving.serving_helpers import Server, free_port

REQUESTS = int(os.environ.get("TFVAE_MUTATED_REQUESTS", "2000"))
# Before memory is measured: each signature, thread, arena and size of tensor is met.
WARM_UP = max(500, REQUESTS // 5)
SECONDS = 20  # A request that takes longer hangs.
SIGNATURES = {
    "encode": {"image": np.zeros([2, 4, 4, 1], np.float32)},
    "decode": {"latent": np.zeros([1, 2], np.float32)},
    "sample": {"seed": np.zeros([1, 2], np.int64)},
    "encode_png": {"image_bytes": np.array([b"\x89PNG"], object)},
}
BAD_CODES = {
    *(grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE),
    *(grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED),
}


def predict_request(signature):
    request = messages_pb2.PredictRequest(model_spec={"name": "m", "signature_name": signature})
    for name, array in SIGNATURES[signature].items():
        request.inputs[name].CopyFrom(tensors.encode_values(array))
    return request


def whole_requests():
    """Returns pairs of method and valid message, to be mutated."""
    spec = {"name": "m"}
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=spec, metadata_field=["signature_def"]
    )
    multi = inference_pb2.MultiInferenceRequest(
        tasks=[{"model_spec": spec, "method_name": "tensorflow/serving/regress"}]
    )
    others = {
        "PredictionService/GetModelMetadata": metadata,
        "PredictionService/Classify": classification_pb2.ClassificationRequest(model_spec=spec),
        "PredictionService/MultiInference": multi,
        "ModelService/GetModelStatus": messages_pb2.GetModelStatusRequest(model_spec=spec),
    }
    pairs = [("PredictionService/Predict", predict_request(name)) for name in SIGNATURES]
    return [(name, m.SerializeToString()) for name, m in (*pairs, *others.items())]


@st.composite
def mutated(draw, data):
    """Bytes with a few of them changed, removed, repeated or added."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 8)))
        middle = draw(
            st.one_of(st.binary(max_size=6), st.just(data[start:end] * 2), st.just(b"\xff" * 5))
        )
        data = data[:start] + middle + data[end:]
    return data


mutated_bytes = st.sampled_from(whole_requests()).flatmap(
    lambda pair: st.tuples(st.just(pair[0]), mutated(pair[1]))
)
sizes = st.integers(-1, 3) | st.sampled_from([2**20, 2**31, 2**62])
odd_tensors = st.builds(
    lambda dtype, shape, content, floats, integers, texts: messages_pb2.Tensor(
        dtype=dtype,
        tensor_shape={"dim": [{"size": size} for size in shape]},
        tensor_content=content,
        float_val=[floats],
        int_val=integers,
        int64_val=integers,
        half_val=integers,
        string_val=texts,
    ),
    st.sampled_from([0, 1, 2, 3, 7, 9, 10, 14, 19, 20, 99]),
    st.lists(sizes, max_size=4),
    st.binary(max_size=16),
    st.binary(max_size=16),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
    st.lists(st.binary(max_size=4), max_size=3),
)


@st.composite
def odd_predicts(draw):
    signature = draw(st.sampled_from([*SIGNATURES, "", "nothing"]))
    request = messages_pb2.PredictRequest(
        model_spec={"name": draw(st.sampled_from(["m", "m", "m", "", "x"]))},
        output_filter=draw(st.lists(st.sampled_from(["mean", "stddev", "image", "y"]), max_size=2)),
    )
    request.model_spec.signature_name = signature
    if draw(st.booleans()):
        request.model_spec.version.value = draw(st.sampled_from([1, 1, 0, -1, 2**63 - 1]))
    names = [*SIGNATURES.get(signature, {}), *draw(st.lists(st.text(max_size=3), max_size=1))]
    for name in names:
        request.inputs[name].CopyFrom(draw(odd_tensors))
    return "PredictionService/Predict", request.SerializeToString()


scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    st.builds(lambda text: {"b64": text}, st.text(max_size=8)),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=12)
named = st.dictionaries(st.sampled_from(["image", "latent", "seed", "x"]), values, max_size=3)
documents = st.dictionaries(
    st.sampled_from(["instances", "inputs", "signature_name", "examples", "other"]),
    st.one_of(values, named, st.lists(named, max_size=3), st.sampled_from([*SIGNATURES])),
    max_size=3,
).map(lambda document: json.dumps(document).encode())
whole_documents = [
    json.dumps({"signature_name": name, "inputs": {k: v.tolist() for k, v in inputs.items()}})
    for name, inputs in SIGNATURES.items()
    if name != "encode_png"
]
bodies = documents | st.sampled_from(whole_documents).flatmap(lambda d: mutated(d.encode()))
paths = st.sampled_from(
    [
        *("/v1/models/m:predict", "/v1/models/m/versions/1:predict", "/v1/models/m:classify"),
        *("/v1/models/m", "/v1/models/m/metadata", "/v1/models", "/v1/models/m/labels/x:predict"),
    ]
) | st.text(max_size=20).map(lambda text: "/v1/models/" + urllib.parse.quote(text))
http_requests = st.tuples(st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]), paths, bodies)


def resident_bytes(server):
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_nothing_crashes_hangs_or_leaks(exported):
    server = Server(
        f"--model_base_path={exported.parent}", "--port=0", f"--rest_api_port={free_port()}"
    )
    host = urllib.parse.urlparse(server.rest).netloc
    memory = {}
    count = 0

    def note():
        nonlocal count
        count += 1
        if count % WARM_UP == 0:
            memory[count] = resident_bytes(server)

    def run(test, strategy, examples):
        options = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=examples == WARM_UP // 2,
            suppress_health_check=list(HealthCheck),
        )
        options(given(strategy)(test))()

    with grpc.insecure_channel(server.address) as channel:

        def send(request):
            method, data = request
            note()
            try:
                channel.unary_unary(f"/tensorflow.serving.{method}")(data, timeout=SECONDS)
            except grpc.RpcError as error:
                assert error.code() not in BAD_CODES, (error.code(), error.details(), request)

        def post(request):
            method, path, body = request
            note()
            connection = http.client.HTTPConnection(host, timeout=SECONDS)
            connection.request(method, path, body)
            response = connection.getresponse()
            content = response.read()
            connection.close()
            assert response.status in (200, 400, 404, 501), (response.status, content, request)
            json.loads(content)

        for examples in (WARM_UP // 2, REQUESTS // 2):
            run(send, mutated_bytes | odd_predicts(), examples)
            run(post, http_requests, examples)
    assert count >= WARM_UP + REQUESTS
    print({number: f"{size / 2**20:.0f} MiB" for number, size in memory.items()})
    assert resident_bytes(server) <= 1.05 * memory[WARM_UP]
    code, log = server.stop()
    assert code == 0
    assert "Traceback" not in log
