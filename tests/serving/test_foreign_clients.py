"""Third-party clients encode, decode and sample."""

import json
import subprocess
import sys
import venv

import numpy as np
import pytest

IMAGES = np.random.default_rng(0).uniform(size=(3, 4, 4, 1)).astype(np.float32)
LATENTS = np.float32([[0.5, -1.0]])
SEEDS = np.int64([[7, 0], [7, 1]])
WEIGHTS = np.arange(32.0).reshape(16, 2) / 32  # of the served model

# Each prints the outputs of encode (the default signature), decode and sample as JSON. Neither
# client can name a signature: it is set in the message that the client made.
OVMSCLIENT = """
import json, sys
import numpy as np
from ovmsclient import make_grpc_client
from ovmsclient.tfs_compat.grpc.requests import make_predict_request
from ovmsclient.tfs_compat.grpc.responses import GrpcPredictResponse

client = make_grpc_client(sys.argv[1])
assert client.get_model_status("m", 1)[1]["state"] == "AVAILABLE"
assert client.get_model_metadata("m", 1)["inputs"]["image"]["shape"] == [-1, 4, 4, 1]
image, latent, seed = (np.array(v, t) for v, t in zip(json.loads(sys.argv[2]), "ffl"))

def call(signature, **inputs):
    request = make_predict_request(inputs, "m", 1).raw_request
    request.model_spec.signature_name = signature
    raw = client.prediction_service_stub.Predict(request, 30)
    outputs = GrpcPredictResponse(raw).to_dict()["outputs"]
    return outputs if isinstance(outputs, dict) else {"image": outputs}

answers = [client.predict({"image": image}, "m", 1)]
answers += [call("decode", latent=latent), call("sample", seed=seed)]
"""
MIN_TFS_CLIENT = """
import json, sys
import numpy as np
from min_tfs_client.requests import TensorServingClient
from min_tfs_client.tensors import tensor_proto_to_ndarray
from tensorflow_serving.apis.predict_pb2 import PredictRequest

host, _, port = sys.argv[1].partition(":")
client = TensorServingClient(host, int(port))
image, latent, seed = (np.array(v, t) for v, t in zip(json.loads(sys.argv[2]), "ffl"))

def call(signature, **inputs):
    request = PredictRequest()
    request.model_spec.signature_name = signature
    response = client._make_request("m", inputs, lambda: request, 30, None)
    return {name: tensor_proto_to_ndarray(value) for name, value in response.outputs.items()}

encoded = client.predict_request("m", {"image": image}).outputs
answers = [{name: tensor_proto_to_ndarray(value) for name, value in encoded.items()}]
answers += [call("decode", latent=latent), call("sample", seed=seed)]
"""
PRINT = "print(json.dumps([{k: v.tolist() for k, v in a.items()} for a in answers]))"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def check(python, script, server):
    arrays = json.dumps([array.tolist() for array in (IMAGES, LATENTS, SEEDS)])
    result = subprocess.run(
        [python, "-c", script + PRINT, server.address, arrays],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    encoded, decoded, sampled = json.loads(result.stdout)
    np.testing.assert_allclose(encoded["mean"], IMAGES.reshape(3, 16) @ WEIGHTS, rtol=1e-5)
    assert encoded["stddev"] == np.ones([3, 2]).tolist()
    picture = sigmoid(LATENTS @ WEIGHTS.T).reshape(1, 4, 4, 1)
    np.testing.assert_allclose(decoded["image"], picture, rtol=1e-5)
    assert sampled["latent"] == SEEDS.tolist()
    picture = sigmoid(SEEDS @ WEIGHTS.T).reshape(2, 4, 4, 1)
    np.testing.assert_allclose(sampled["image"], picture, rtol=1e-5)


@pytest.mark.real_process
def test_ovmsclient(server):
    pytest.importorskip("ovmsclient", reason="pip install ovmsclient")
    check(sys.executable, OVMSCLIENT, server)


@pytest.mark.slow
@pytest.mark.real_process
def test_min_tfs_client(server, tmp_path):
    venv.create(tmp_path, with_pip=True)
    python = tmp_path / "bin" / "python"
    packages = ["min-tfs-client==1.0.2", "protobuf<3.21", "grpcio", "numpy"]
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", *packages],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"pip cannot install min-tfs-client: {installed.stderr.strip()[-200:]}")
    check(python, MIN_TFS_CLIENT, server)
