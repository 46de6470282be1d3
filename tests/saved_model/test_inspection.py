import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from tfvae.saved_model import inspection
from tfvae.saved_model.c_api import CApiError


@pytest.fixture
def model(tmp_path):
    """Takes strings and rows of any length; only warm-up requests show valid inputs."""
    text = tf.TensorSpec([None], tf.string, "text")
    rows = tf.TensorSpec([None, None], tf.float32, "rows")
    signatures = {
        "serving_default": tf.function(lambda text: {"n": tf.strings.to_number(text)}, [text]),
        "three": tf.function(lambda rows: {"sum": tf.linalg.matvec(rows, tf.ones(3))}, [rows]),
    }
    tf.saved_model.save(tf.Module(), str(tmp_path), signatures=signatures)
    return tmp_path


def warm_up(path, *requests):
    (path / "assets.extra").mkdir()
    file = path / "assets.extra/tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature, name, value in requests:
            log = prediction_log_pb2.PredictionLog()
            request = log.predict_log.request
            request.model_spec.signature_name = signature
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            writer.write(log.SerializeToString())
    return file


def messages(found, is_error):
    return "\n".join(problem.message for problem in found.problems if problem.is_error == is_error)


def test_what_cannot_be_known_is_no_error(model):
    found = inspection.inspect(model)
    assert not found.written_by_tfvae
    assert messages(found, True) == ""
    assert "serving_default was not run: text has strings, which need a warm-up" in messages(
        found, False
    )
    assert "three, batch 3: " in messages(found, False)
    assert [report.result for report in found.signatures] == ["not run", "failed: batch 0, 1, 3"]


def test_warm_up_requests_tell_and_are_run(model):
    numbers = ["7", "8"]
    warm_up(model, ("", "text", numbers), ("three", "rows", np.ones([1, 3], np.float32)))
    found = inspection.inspect(model)
    assert found.problems == []
    assert {report.result for report in found.signatures} == {"ran: batch 0, 1, 3"}


def test_warm_up_requests_that_fail_a_load_are_errors(model):
    file = warm_up(model, ("", "text", ["7"]), ("", "text", ["x"]), ("", "y", [1]), ("z", "x", [1]))
    found = messages(inspection.inspect(model), True)
    assert "serving_default, warm-up request 1: StringToNumberOp could not" in found
    assert "warm-up request 2 calls signature serving_default with ['y'], which" in found
    assert "warm-up request 3 calls signature z" in found
    file.write_bytes(file.read_bytes()[:-3])
    assert f"{file} is damaged" in messages(inspection.inspect(model), True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for _ in range(1001):
            writer.write(b"")
    assert f"{file} has more than 1000 records" in messages(inspection.inspect(model), True)


def test_a_signature_that_kills_the_process_is_named(model, monkeypatch):
    def attempt(path, calls):
        if any(name == "three" and len(inputs["rows"]) == 3 for name, inputs in calls):
            raise CApiError("was killed by SIGABRT")
        return [{} for _ in calls]

    monkeypatch.setattr(inspection, "attempt_in_c_api", attempt)
    found = inspection.inspect(model)
    assert "three, batch 3: was killed by SIGABRT" in messages(found, False)
    assert [report.result for report in found.signatures] == ["not run", "failed: batch 3"]
