"""The server with all configuration files of the stock server."""

import json
import time
import urllib.error
import urllib.request
from concurrent import futures

import grpc
import numpy as np
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
)

from serving.client import messages_pb2, tensors
from tests.serving.serving_helpers import Server, add_version, export, free_port, wait_until

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def models_text(folder, **labels):
    entries = " ".join(
        f'version_labels {{ key: "{label}" value: {number} }}' for label, number in labels.items()
    )
    return f"""
    model_config_list {{
      config {{
        name: "a" base_path: "{folder}/a" model_platform: "tensorflow"
        model_version_policy {{ all {{ }} }}
        {entries}
      }}
      config {{ name: "b" base_path: "{folder}/b" model_platform: "tensorflow" }}
    }}"""


@pytest.fixture(scope="module")
def folder(exported, tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    for name in ("a", "b", "c"):
        (path / name).mkdir()
        add_version(exported, path / name, 1)
    export(path / "a" / "2", bias=1.0)
    (path / "models.txt").write_text(models_text(path, stable=1))
    (path / "batching.txt").write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 50000 } allowed_batch_sizes: 4 "
        "allowed_batch_sizes: 8"
    )
    (path / "monitoring.txt").write_text("prometheus_config { enable: true }")
    return path


@pytest.fixture(scope="module")
def server(folder):
    running = Server(
        "--port=0",
        f"--rest_api_port={free_port()}",
        f"--model_config_file={folder}/models.txt",
        "--model_config_file_poll_wait_seconds=0.05",
        "--enable_batching",
        f"--batching_parameters_file={folder}/batching.txt",
        f"--monitoring_config_file={folder}/monitoring.txt",
        "--enable_grpc_healthcheck_service",
        "--enable_grpc_reflection",
    )
    yield running
    assert running.stop()[0] == 0


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.address) as opened:
        yield opened


def predict(channel, name, label=None, images=1):
    """Returns the first value of the response, and the version that computed it."""
    request = messages_pb2.PredictRequest(model_spec={"name": name, "version_label": label})
    request.inputs["image"].CopyFrom(
        tensors.encode_content(np.zeros([images, 4, 4, 1], np.float32))
    )
    call = channel.unary_unary(
        PREDICT,
        messages_pb2.PredictRequest.SerializeToString,
        messages_pb2.PredictResponse.FromString,
    )
    response = call(request, timeout=30)
    mean = tensors.decode(response.outputs["mean"])
    assert mean.shape == (images, 2)
    return float(mean[0, 0]), response.model_spec.version.value


def test_models_and_labels(server, channel):
    assert "Serving a version 1 and 2, b version 1: gRPC at" in server.line
    assert predict(channel, "a") == (1.0, 2)
    assert predict(channel, "a", "stable") == (0.0, 1)
    assert predict(channel, "b") == (0.0, 1)
    body = json.dumps({"instances": np.zeros([1, 4, 4, 1]).tolist()}).encode()
    with urllib.request.urlopen(f"{server.rest}/a/labels/stable:predict", body) as response:
        assert json.loads(response.read())["predictions"][0]["mean"] == [0.0, 0.0]
    with urllib.request.urlopen(f"{server.rest}/a/labels/stable") as response:
        (status,) = json.loads(response.read())["model_version_status"]
        assert status["version"] == "1"


def test_requests_are_batched(channel):
    sizes = [1, 2, 3, 1, 5, 8]
    with futures.ThreadPoolExecutor(len(sizes)) as pool:
        answers = pool.map(lambda size: predict(channel, "a", images=size), sizes)
        assert list(answers) == [(1.0, 2)] * len(sizes)
    with pytest.raises(grpc.RpcError, match="Task size 9 is larger than maximum input batch") as e:
        predict(channel, "a", images=9)
    assert e.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_the_file_is_read_again(folder, channel):
    path = folder / "models.txt"
    path.write_text(models_text(folder, stable=2, old=1))
    wait_until(lambda: predict(channel, "a", "stable") == (1.0, 2))
    assert predict(channel, "a", "old") == (0.0, 1)
    path.write_text("model_config_list { config { nam: 1 } }")  # Logged, and ignored.
    time.sleep(0.5)
    path.write_text(models_text(folder, stable=1))
    wait_until(lambda: predict(channel, "a", "stable") == (0.0, 1))


def test_reload_request(folder, channel):
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = model_management_pb2.ReloadConfigRequest()
    text = models_text(folder).replace("/b", "/c").replace('"b"', '"c"')
    text_format.Parse(text, request.config)
    assert stub.HandleReloadConfigRequest(request).status.error_code == 0
    assert predict(channel, "c") == (0.0, 1)
    with pytest.raises(grpc.RpcError, match=r"Servable not found for request: Latest\(b\)"):
        predict(channel, "b")
    status_request = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "b"})
    (status,) = stub.GetModelStatus(status_request).model_version_status
    assert status.state == get_model_status_pb2.ModelVersionStatus.END
    for text, code, message in (
        (models_text("relative"), "INVALID_ARGUMENT", "to have an absolute path"),
        (models_text(folder, x=7), "FAILED_PRECONDITION", "label x to version 7 of model a"),
        (models_text("/nowhere"), "FAILED_PRECONDITION", "no version of model a in /nowhere/a"),
    ):
        request.config.Clear()
        text_format.Parse(text, request.config)
        with pytest.raises(grpc.RpcError, match=message) as caught:
            stub.HandleReloadConfigRequest(request)
        assert caught.value.code().name == code
    assert predict(channel, "c") == (0.0, 1)


def test_metrics_have_the_stock_servers_names(server, channel):
    predict(channel, "a")
    for name in ("nobody", "a"):
        with pytest.raises(grpc.RpcError):
            channel.unary_unary(PREDICT)(
                messages_pb2.PredictRequest(
                    model_spec={"name": name, "signature_name": "x"}
                ).SerializeToString()
            )
    url = server.rest.replace("/v1/models", "/monitoring/prometheus/metrics")
    with urllib.request.urlopen(url) as response:
        page = response.read().decode()
    assert "# TYPE :tensorflow:serving:request_count counter" in page
    assert ':tensorflow:serving:request_count{model_name="a",status="OK"} ' in page
    assert (
        ':tensorflow:serving:request_count{model_name="a",status="FAILED_PRECONDITION"} 1' in page
    )
    assert ':tensorflow:serving:request_count{model_name="",status="NOT_FOUND"} ' in page
    assert (
        ':tensorflow:serving:request_latency_count{API="Predict",entrypoint="GRPC",model_name="a"}'
        in page
    )
    assert ':tfvae:serving:waiting_requests{entrypoint="GRPC"} 0.0' in page
    assert "nobody" not in page


def test_health_and_reflection(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ("", "PredictionService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    database = ProtoReflectionDescriptorDatabase(channel)
    assert "tensorflow.serving.PredictionService" in database.get_services()
    file = database.FindFileContainingSymbol("tensorflow.serving.PredictRequest")
    assert file.package == predict_pb2.DESCRIPTOR.package
