import grpc
import numpy as np
import pytest

from serving.config.batching_parameters import BatchingParameters
from serving.engine.batching import Batcher
from serving.engine.session import SavedModelSession
from serving.errors import ServingError


@pytest.fixture(scope="module", params=[None, BatchingParameters()], ids=["alone", "batched"])
def session(exported, request):
    batcher = request.param and Batcher(request.param)
    loaded = SavedModelSession(exported, batcher=batcher)
    yield loaded
    loaded.close()


def test_timeout_ends_the_computation(session):
    count = np.array([2_000_000_000], np.int32)  # Would take hours.
    for timeout in (0.05, 0.0, -1.0):
        with pytest.raises(ServingError) as caught:
            session.run(session.signature("slow"), {"count": count}, timeout=timeout)
        assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("timeout", [None, 30.0, 1e9, float("inf")])
def test_a_long_timeout_does_nothing(session, timeout):
    count = np.array([3], np.int32)
    np.testing.assert_array_equal(
        session.run(session.signature("slow"), {"count": count}, timeout=timeout)["count"], count
    )


def test_loops_are_found_in_functions(session):
    by_signature = {
        name: {output.name for output in signature.outputs.values()}
        for name, signature in session.signatures.items()
    }
    assert session._runner._loops == by_signature["slow"]


@pytest.mark.parametrize("timeout", [None, 30.0])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_rows_in_this_thread_or_another(session, rows, timeout):
    latent = np.ones([rows, 2], np.float32)
    (image,) = session.run(
        session.signature("decode"), {"latent": latent}, timeout=timeout
    ).values()
    weights = np.arange(32.0).reshape(16, 2) / 32
    expected = 1 / (1 + np.exp(-latent @ weights.T))
    np.testing.assert_allclose(image, expected.reshape(rows, 4, 4, 1), rtol=1e-5)


def test_an_error_is_the_stock_servers_without_names_of_functions(session):
    decode = session.signatures["decode"]
    with pytest.raises(ServingError) as caught:
        session.compute(
            (decode.inputs["latent"].name,),
            [np.ones([1, 3], np.float32)],
            [decode.outputs["image"].name],
        )
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    reason, _, node = caught.value.message.partition("\n")
    assert reason.startswith("Matrix size-incompatible")
    assert node.startswith("\t [[{{")
    assert node.endswith("MatMul}}]]")
