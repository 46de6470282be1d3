import json
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.engine.session import SavedModelSession
from serving.engine.warmup import warm_up
from serving.errors import LoadError
from tests.serving.serving_helpers import Server, free_port

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def save(path):
    """Saves a model that classifies and regresses examples of two numbers."""
    v1 = tf.compat.v1
    make = v1.saved_model.signature_def_utils
    with tf.Graph().as_default(), v1.Session() as session:
        examples = v1.placeholder(tf.string, [None], "examples")
        others = v1.placeholder(tf.string, [None], "others")
        numbers = v1.placeholder(tf.float32, [None], "numbers")
        x = tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([2], tf.float32)})["x"]
        labels = tf.tile([["a", "b"]], [tf.shape(x)[0], 1])
        total = tf.reduce_sum(x, -1)
        classified = make.classification_signature_def
        regressed = make.regression_signature_def
        info = tf.compat.v1.saved_model.build_tensor_info

        def unusual(method, outputs, source=examples, name="inputs"):
            outputs = {key: info(value) for key, value in outputs.items()}
            return make.build_signature_def({name: info(source)}, outputs, method)

        signatures = {
            "serving_default": classified(examples, labels, x),
            "labels": classified(examples, labels, None),
            "scores": classified(examples, None, x),
            "sum": regressed(examples, total),
            "column": regressed(examples, total[:, None]),
            "wide": unusual(REGRESS, {"outputs": x}),
            "short": unusual(REGRESS, {"outputs": total[1:]}),
            "long": unusual(REGRESS, {"outputs": tf.cast(total, tf.int64)}),
            "two": unusual(REGRESS, {"outputs": total, "more": total}),
            "unnamed": unusual(REGRESS, {"value": total}),
            "flat": unusual(CLASSIFY, {"scores": total}),
            "double": unusual(CLASSIFY, {"scores": tf.cast(x, tf.float64)}),
            "unequal": unusual(CLASSIFY, {"classes": labels, "scores": x[:, :1]}),
            "nothing": unusual(CLASSIFY, {"y": x}),
            "misnamed": unusual(CLASSIFY, {"scores": x}, name="x"),
            "numbers": unusual(REGRESS, {"outputs": numbers * 1.0}, numbers),
            "other": unusual(REGRESS, {"outputs": tf.ones_like(others, tf.float32)}, others),
        }
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    write_warm_up(path)


def write_warm_up(path):
    """Writes a warm-up request of each method; a failure would prevent serving."""
    (path / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(path / "assets.extra/tf_serving_warmup_requests")) as writer:
        for name, request in (
            ("classify_log", classification()),
            ("regress_log", regression()),
            ("multi_inference_log", multi(("sum", REGRESS), ("", CLASSIFY))),
        ):
            log = prediction_log_pb2.PredictionLog()
            getattr(log, name).request.CopyFrom(request)
            writer.write(log.SerializeToString())


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    base = tmp_path_factory.mktemp("examples")
    save(base / "7")
    server = Server(f"--model_base_path={base}", "--port=0", f"--rest_api_port={free_port()}")
    yield server
    assert server.stop()[0] == 0


@pytest.fixture(scope="module")
def stub(running):
    with grpc.insecure_channel(running.address) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def example(**features):
    result = example_pb2.Example()
    for name, values in features.items():
        result.features.feature[name].float_list.value.extend(values)
    return result


ROWS = [example(x=[1.0, 2.0]), example(x=[0.5, -4.0])]


def filled(request, signature="", examples=ROWS):
    request.model_spec.name = "m"
    request.model_spec.signature_name = signature
    request.input.example_list.examples.extend(examples)
    return request


def classification(signature="", examples=ROWS):
    return filled(classification_pb2.ClassificationRequest(), signature, examples)


def regression(signature="sum", examples=ROWS):
    return filled(regression_pb2.RegressionRequest(), signature, examples)


def multi(*tasks, model="m"):
    request = inference_pb2.MultiInferenceRequest()
    for signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name = model
        task.model_spec.signature_name = signature
    request.input.example_list.examples.extend(ROWS)
    return request


def pairs(result):
    return [[(one.label, one.score) for one in row.classes] for row in result.classifications]


def numbers(result):
    return [one.value for one in result.regressions]


def test_classify_gives_labels_and_scores(stub):
    answer = stub.Classify(classification())
    spec = answer.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == ("m", "serving_default", 7)
    assert pairs(answer.result) == [[("a", 1.0), ("b", 2.0)], [("a", 0.5), ("b", -4.0)]]
    assert pairs(stub.Classify(classification("labels")).result)[0] == [("a", 0.0), ("b", 0.0)]
    assert pairs(stub.Classify(classification("scores")).result)[0] == [("", 1.0), ("", 2.0)]


def test_regress_gives_a_number(stub):
    answer = stub.Regress(regression())
    assert answer.model_spec.signature_name == "sum"
    assert numbers(answer.result) == [3.0, -3.5]
    assert numbers(stub.Regress(regression("column")).result) == [3.0, -3.5]


def test_a_context_is_part_of_every_example(stub):
    request = regression(examples=[])
    with_context = request.input.example_list_with_context
    with_context.context.CopyFrom(example(x=[10.0, 20.0]))
    with_context.examples.extend([example(), example(other=[1.0])])
    assert numbers(stub.Regress(request).result) == [30.0, 30.0]


def test_multi_inference_answers_task_by_task(stub):
    answer = stub.MultiInference(multi(("sum", REGRESS), ("", CLASSIFY)))
    first, second = answer.results
    assert numbers(first.regression_result) == [3.0, -3.5]
    assert pairs(second.classification_result)[0] == [("a", 1.0), ("b", 2.0)]
    assert second.model_spec.signature_name == "serving_default"
    assert second.model_spec.version.value == 7


@pytest.mark.parametrize(
    ("method", "request_", "code", "message"),
    [
        ("Classify", classification(examples=[]), INVALID, "Input is empty."),
        ("Classify", classification("z"), INVALID, "No signature was found with the name: z"),
        (
            "Classify",
            classification("sum"),
            INVALID,
            f"Expected classification signature method_name to be {CLASSIFY}. Was: {REGRESS}",
        ),
        ("Classify", classification("flat"), INVALID, "[batch_size num_classes] but got [2]"),
        (
            "Classify",
            classification("double"),
            INVALID,
            "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE",
        ),
        ("Classify", classification("unequal"), INVALID, "match in dim_size(1). Got 2 vs. 1"),
        (
            "Classify",
            classification("nothing"),
            grpc.StatusCode.FAILED_PRECONDITION,
            'Expected classification signature outputs to contain at least one of "classes" or ',
        ),
        (
            "Classify",
            classification("misnamed"),
            grpc.StatusCode.FAILED_PRECONDITION,
            "No classification inputs found in SignatureDef: ",
        ),
        ("Regress", regression("wide"), INVALID, "[batch_size] or [batch_size, 1] but got [2,2]"),
        ("Regress", regression("short"), INVALID, "did not match output batch size: 2 vs. 1"),
        ("Regress", regression("long"), INVALID, "Tensor of DT_FLOAT.  Got: DT_INT64"),
        ("Regress", regression("two"), INVALID, "Expected one output Tensor."),
        (
            "Regress",
            regression("unnamed"),
            grpc.StatusCode.FAILED_PRECONDITION,
            "No regression outputs found in SignatureDef: ",
        ),
        ("Regress", regression("numbers"), INVALID, "Expects arg[0] to be float but string is"),
        ("Regress", regression(examples=[example()]), INVALID, "Feature: x (data type: float)"),
        ("MultiInference", multi(), INVALID, "ModelSpec has no name specified."),
        (
            "MultiInference",
            multi(("sum", REGRESS), ("sum", REGRESS)),
            INVALID,
            "Duplicate evaluation of signature: sum",
        ),
        (
            "MultiInference",
            multi(("z", REGRESS)),
            INVALID,
            "Requested signature not found in model graph: z",
        ),
        (
            "MultiInference",
            multi(("sum", REGRESS), ("other", REGRESS)),
            INVALID,
            "Input tensor must be the same for all Signatures.",
        ),
        (
            "MultiInference",
            multi(("sum", "dance")),
            grpc.StatusCode.UNIMPLEMENTED,
            "Unsupported signature method_name: dance",
        ),
    ],
)
def test_refusals_are_the_stock_servers(stub, method, request_, code, message):
    with pytest.raises(grpc.RpcError) as error:
        getattr(stub, method)(request_)
    assert error.value.code() is code
    assert message in error.value.details()


def test_tasks_are_of_one_model(stub):
    request = multi(("sum", REGRESS), ("", CLASSIFY))
    request.tasks[1].model_spec.name = "n"
    with pytest.raises(grpc.RpcError, match="must access the same model name"):
        stub.MultiInference(request)


def test_a_warm_up_request_that_fails_is_a_failed_load(tmp_path):
    save(tmp_path / "1")
    log = prediction_log_pb2.PredictionLog()
    log.regress_log.request.CopyFrom(regression("wide"))
    file = tmp_path / "1/assets.extra/tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(log.SerializeToString())
    session = SavedModelSession(tmp_path / "1")
    with pytest.raises(LoadError, match=r"warm-up request 0 of .* failed: Expected output Tensor"):
        warm_up(session, tmp_path / "1")
    session.close()


def post(running, method, document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    try:
        with urllib.request.urlopen(f"{running.rest}/m:{method}", data) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_rest_takes_examples(running):
    examples = [{"x": [1.0, 2.0]}, {"x": [0.1, -4.0]}]
    answer = {"results": [[["a", 1.0], ["b", 2.0]], [["a", 0.1], ["b", -4.0]]]}
    assert post(running, "classify", {"examples": examples}) == (200, answer)
    document = {"signature_name": "sum", "context": {"x": [1.5, 1.0]}, "examples": [{}, {"y": 1}]}
    assert post(running, "regress", document) == (200, {"results": [2.5, 2.5]})


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([3], "Example must be JSON object but got JSON Number"),
        ([{"x": [1.0, "a"]}], "Unexpected element type in feature: x expecting type: float"),
        ([{"x": [[1.0]]}], "Feature: x has element with unexpected JSON type: Array"),
        ([{"x": None}], "Feature: x has element with unexpected JSON type: Null"),
        ([{"x": 2**63}], "Feature: x has uint64 element. Only int64 is supported."),
        ([{"x": {"b64": "*"}}], "Unable to base64 decode"),
        ([{"\ud800": 1}], "JSON Parse error"),
        ([], "'examples' value is an empty array"),
        ([{"x": [1, 2]}], "Data types don't match"),
    ],
)
def test_rest_refuses_what_is_no_example(running, examples, message):
    status, answer = post(running, "classify", {"examples": examples})
    assert status == 400
    assert message in answer["error"]


def test_features_take_the_types_of_json():
    from serving.api import json_examples  # noqa: PLC0415

    features = {"flag": True, "words": ["a", {"b64": "/w=="}], "n": -(2**63), "x": [0.5], "no": []}
    (read,) = json_examples.read({"examples": [features]}).example_list.examples
    kinds = {name: feature.WhichOneof("kind") for name, feature in read.features.feature.items()}
    assert kinds == {
        "flag": "int64_list",
        "words": "bytes_list",
        "n": "int64_list",
        "x": "float_list",
        "no": None,
    }
    assert list(read.features.feature["words"].bytes_list.value) == [b"a", b"\xff"]
    assert list(read.features.feature["n"].int64_list.value) == [-(2**63)]
    np.testing.assert_array_equal(read.features.feature["x"].float_list.value, [0.5])
