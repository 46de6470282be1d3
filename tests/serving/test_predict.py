"""Every row of the stock server's error table, tested with TensorFlow Serving's messages."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

Code = grpc.StatusCode
IMAGE = np.linspace(0, 1, 32, dtype=np.float32).reshape(2, 4, 4, 1)


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.address) as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def model_stub(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


def predict_request(signature="", output_filter=(), name="m", **inputs):
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, value in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


def refused(method, request, **options):
    with pytest.raises(grpc.RpcError) as caught:
        method(request, **options)
    return caught.value.code(), caught.value.details()


def test_predict_answers_in_typed_values_with_the_version(stub):
    response = stub.Predict(predict_request(image=IMAGE))
    assert response.model_spec.name == "m"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"
    assert set(response.outputs) == {"mean", "stddev"}
    mean = response.outputs["mean"]
    assert len(mean.float_val) == 4
    assert not mean.tensor_content
    weights = np.arange(32, dtype=np.float32).reshape(16, 2) / 32
    np.testing.assert_allclose(tf.make_ndarray(mean), IMAGE.reshape(2, 16) @ weights, rtol=1e-6)
    only = stub.Predict(predict_request("encode", ["stddev"], image=IMAGE))
    assert set(only.outputs) == {"stddev"}
    png = stub.Predict(predict_request("decode_png", latent=np.zeros([1, 2], np.float32)))
    assert png.outputs["image_bytes"].string_val == ["\0\xff".encode() + b"0.000000"]


def test_model_spec_errors(stub):
    request = predict_request(image=IMAGE)
    request.ClearField("model_spec")
    assert refused(stub.Predict, request) == (Code.INVALID_ARGUMENT, "Missing ModelSpec")
    assert refused(stub.Predict, predict_request(name="", image=IMAGE)) == (
        Code.INVALID_ARGUMENT,
        "ModelSpec has no name specified.",
    )
    assert refused(stub.Predict, predict_request(name="other", image=IMAGE)) == (
        Code.NOT_FOUND,
        "Servable not found for request: Latest(other)",
    )
    request = predict_request(image=IMAGE)
    for version in (7, 0):
        request.model_spec.version.value = version
        assert refused(stub.Predict, request) == (
            Code.NOT_FOUND,
            f"Servable not found for request: Specific(m, {version})",
        )
    request.model_spec.version_label = "stable"
    assert refused(stub.Predict, request) == (
        Code.INVALID_ARGUMENT,
        "Unrecognized servable version label: stable",
    )


def test_signature_and_input_errors(stub):
    assert refused(stub.Predict, predict_request("nothing", image=IMAGE)) == (
        Code.FAILED_PRECONDITION,
        'Serving signature key "nothing" not found.',
    )
    assert refused(stub.Predict, predict_request("encode_sample", image=IMAGE)) == (
        Code.INVALID_ARGUMENT,
        "input size does not match signature: 1!=2 len({image}) != len({image,seed}). "
        "Sent extra: {}. Missing but required: {seed}.",
    )
    assert refused(stub.Predict, predict_request(image=IMAGE, x=IMAGE)) == (
        Code.INVALID_ARGUMENT,
        "input size does not match signature: 2!=1 len({image,x}) != len({image}). "
        "Sent extra: {x}. Missing but required: {}.",
    )
    code, details = refused(stub.Predict, predict_request("decode", z=IMAGE))
    assert code == Code.INVALID_ARGUMENT
    assert details.startswith(
        "Signature input alias: latent(feed name: decode_latent:0) not found in request and no "
        "default value provided."
    )
    code, details = refused(stub.Predict, predict_request("encode", ["y"], image=IMAGE))
    assert (code, details) == (
        Code.INVALID_ARGUMENT,
        "output tensor alias not found in signature: y Outputs expected to be in the set "
        "{mean,stddev}.",
    )
    request = predict_request("encode", ["mean", "mean"], image=IMAGE)
    assert refused(stub.Predict, request) == (
        Code.INVALID_ARGUMENT,
        "duplicate output tensor alias: mean",
    )


def test_tensor_errors(stub, channel):
    request = predict_request(image=IMAGE)
    request.inputs["image"].tensor_content = b"12345"
    assert refused(stub.Predict, request) == (
        Code.INVALID_ARGUMENT,
        "tensor parsing error: image",
    )
    assert refused(stub.Predict, predict_request(image=IMAGE.astype(np.float64))) == (
        Code.INVALID_ARGUMENT,
        "Expects arg[0] to be float but double is provided",
    )
    code, details = refused(stub.Predict, predict_request("decode", latent=IMAGE[0, :, :, 0]))
    assert code == Code.INVALID_ARGUMENT
    assert "Matrix size-incompatible: In[0]: [4,4], In[1]: [16,2]" in details
    raw = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    assert refused(raw, b"\xff\xff")[0] == Code.INVALID_ARGUMENT


def test_deadline(stub):
    request = predict_request("slow", count=np.array([2_000_000_000], np.int32))
    code, _ = refused(stub.Predict, request, timeout=0.3)
    assert code == Code.DEADLINE_EXCEEDED


def test_messages_beyond_the_default_limit(stub):
    images = np.zeros([100_000, 4, 4, 1], np.float32)
    assert images.nbytes > 4 * 2**20
    response = stub.Predict(predict_request("encode", ["stddev"], image=images))
    assert len(response.outputs["stddev"].float_val) == 200_000


def test_metadata(stub):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    assert refused(stub.GetModelMetadata, request) == (Code.INVALID_ARGUMENT, "Missing ModelSpec")
    request.model_spec.name = "m"
    assert refused(stub.GetModelMetadata, request) == (
        Code.INVALID_ARGUMENT,
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    request.metadata_field.append("other")
    assert refused(stub.GetModelMetadata, request)[0] == Code.INVALID_ARGUMENT
    request.metadata_field[:] = ["signature_def"]
    response = stub.GetModelMetadata(request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"encode", "serving_default", "decode_png"} <= set(signatures.signature_def)
    assert response.model_spec.version.value == 1


def test_example_methods_are_refused_as_by_the_stock_server(stub):
    request = classification_pb2.ClassificationRequest()
    assert refused(stub.Classify, request) == (Code.INVALID_ARGUMENT, "Missing ModelSpec")
    request.model_spec.name = "m"
    assert refused(stub.Classify, request) == (
        Code.INVALID_ARGUMENT,
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/predict",
    )
    request = regression_pb2.RegressionRequest(model_spec=request.model_spec)
    assert refused(stub.Regress, request)[0] == Code.INVALID_ARGUMENT
    request = inference_pb2.MultiInferenceRequest()
    task = request.tasks.add(method_name="tensorflow/serving/regress")
    assert refused(stub.MultiInference, request)[0] == Code.INVALID_ARGUMENT
    task.model_spec.name = "m"
    assert refused(stub.MultiInference, request)[0] == Code.INVALID_ARGUMENT


def test_model_status(model_stub):
    request = get_model_status_pb2.GetModelStatusRequest()
    assert refused(model_stub.GetModelStatus, request)[0] == Code.INVALID_ARGUMENT
    request.model_spec.name = "m"
    (status,) = model_stub.GetModelStatus(request).model_version_status
    assert (status.version, status.state, status.status.error_code) == (1, 30, 0)
    request.model_spec.version.value = 9
    assert refused(model_stub.GetModelStatus, request) == (
        Code.NOT_FOUND,
        "Could not find version 9 of model m",
    )
    request = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "other"})
    assert refused(model_stub.GetModelStatus, request) == (
        Code.NOT_FOUND,
        "Could not find any versions of model other",
    )
    code, details = refused(
        model_stub.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()
    )
    assert code == Code.INVALID_ARGUMENT
    assert "model_config_list" in details
