import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest


def call(url, body=None, method=None):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_rows_and_columns(server):
    predict = server.rest + "/m:predict"
    image = (np.arange(16) / 16).reshape(4, 4, 1).tolist()
    status, rows = call(predict, {"instances": [image, image]})
    assert status == 200
    status, columns = call(predict, {"signature_name": "encode", "inputs": [image, image]})
    assert status == 200
    assert rows["predictions"][1]["stddev"] == columns["outputs"]["stddev"][1] == [1.0, 1.0]
    assert rows["predictions"][0]["mean"] == columns["outputs"]["mean"][0]
    named = {"instances": [{"image": image, "seed": [1, 2]}], "signature_name": "encode_sample"}
    mean = np.array(rows["predictions"][0]["mean"])
    status, answer = call(predict, named)
    assert status == 200
    # A single output is written without its name.
    np.testing.assert_allclose(answer["predictions"], [mean + np.array([1, 2])], rtol=1e-6)
    named = {"inputs": {"image": [image], "seed": [[1, 2]]}, "signature_name": "encode_sample"}
    assert call(predict, named)[1]["outputs"] == answer["predictions"]
    version = {"instances": [[0.1, 0.0]], "signature_name": "decode"}
    status, answer = call(server.rest + "/m/versions/1:predict", version)
    assert np.shape(answer["predictions"]) == (1, 4, 4, 1)


def test_bytes_travel_as_base64(server):
    predict = server.rest + "/m:predict"
    png = base64.b64encode(b"\x89PNG").decode()
    body = {"signature_name": "encode_png", "inputs": [{"b64": png}]}
    assert call(predict, body)[1]["outputs"]["mean"] == [[4.0, 4.0]]
    body = {"signature_name": "decode_png", "instances": [[0.0, 0.0]]}
    (answer,) = call(predict, body)[1]["predictions"]
    assert base64.b64decode(answer["b64"]) == "\0\xff".encode() + b"0.000000"


def test_status_and_metadata(server):
    status, answer = call(server.rest + "/m")
    assert status == 200
    assert answer["model_version_status"] == [
        {
            "version": "1",
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    ]
    assert call(server.rest + "/m/versions/1")[1] == answer
    status, answer = call(server.rest + "/m/metadata")
    assert answer["model_spec"] == {"name": "m", "version": "1", "signature_name": ""}
    decode = answer["metadata"]["signature_def"]["signature_def"]["decode"]
    assert decode["inputs"]["latent"]["dtype"] == "DT_FLOAT"


IMAGES = [[[[0.0]] * 4] * 4]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/m:predict", b"", 400, "JSON Parse error: The document is empty"),
        ("/m:predict", b"{", 400, "JSON Parse error: Invalid value. at offset: 1"),
        ("/m:predict", b"[" * 100_000, 400, "JSON Parse error"),
        ("/m:predict", b"[1]", 400, "Is not object"),
        (
            "/m:predict",
            b'{"inputs": %b1%b}' % (b"[" * 70, b"]" * 70),
            400,
            "JSON lists are nested 70 deep",
        ),
        ("/m:predict", {}, 400, "Missing 'inputs' or 'instances' key"),
        ("/m:predict", {"inputs": IMAGES, "instances": IMAGES}, 400, "expecting only one of"),
        ("/m:predict", {"instances": []}, 400, "No values in 'instances' array"),
        ("/m:predict", {"instances": ["x"]}, 400, 'JSON Value: "x" Type: String is not of exp'),
        ("/m:predict", {"instances": [[1.0], [1.0, 2.0]]}, 400, "Expecting tensor size: 1 but"),
        ("/m:predict", {"inputs": [[1.0], [1.0, 2.0]]}, 400, "unexpected size: 2 at level: 1"),
        ("/m:predict", {"inputs": [True]}, 400, "Type: True is not of expected type: float"),
        ("/m:predict", {"inputs": [1e39]}, 400, "to float without loss of precision."),
        ("/m:predict", {"inputs": [2**24]}, 400, "to float without loss of precision."),
        ("/m:predict", {"signature_name": 1}, 400, "'signature_name' key must be a string"),
        (
            "/m:predict",
            {"signature_name": "nothing"},
            400,
            'Serving signature name: "nothing" not found in signature def',
        ),
        (
            "/m:predict",
            {"signature_name": "encode_sample", "inputs": {"image": IMAGES}},
            400,
            "Missing named input: seed in 'inputs' object.",
        ),
        (
            "/m:predict",
            {"signature_name": "encode_png", "inputs": [{"b64": "*"}]},
            400,
            "Unable to base64 decode",
        ),
        ("/m:predict", {"instances": [[1.0]]}, 400, "Input to reshape is a tensor with 1 values"),
        ("/other:predict", {"instances": IMAGES}, 404, "request: Latest(other)"),
        ("/m/versions/7:predict", {"instances": IMAGES}, 404, "request: Specific(m, 7)"),
        ("/m/labels/a:predict", {"instances": IMAGES}, 400, "Unrecognized servable version lab"),
        ("/m/versions/99999999999999999999:predict", {}, 400, "Failed to convert version"),
        ("/m:dance", {}, 400, "Malformed request: POST /v1/models/m:dance"),
        (
            "/m:classify",
            {"examples": [{}]},
            400,
            "Expected classification signature method_name to be tensorflow/serving/classify. Was: "
            "tensorflow/serving/predict",
        ),
        ("/m:regress", {"examples": [{}]}, 400, "Expected regression signature method_name"),
        ("/m:regress", {}, 400, "key 'examples' is expected and was not found"),
        ("/other", None, 404, "Could not find any versions of model other"),
        ("/m/versions/7", None, 404, "Could not find version 7 of model m"),
        ("", None, 400, "Missing model name in request."),
    ],
)
def test_errors(server, path, body, status, message):
    actual, answer = call(server.rest + path, body)
    assert actual == status
    assert message in answer["error"]


def test_unknown_paths_and_methods(server):
    assert call(server.rest.replace("/v1/models", "/favicon.ico"))[0] == 404
    status, answer = call(server.rest + "/m:predict", b"{}", "PUT")
    assert (status, answer["error"]) == (400, "Malformed request: PUT /v1/models/m:predict")
