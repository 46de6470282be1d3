import grpc
import numpy as np
import pytest

from serving.errors import ServingError
from serving.session import SavedModelSession


@pytest.fixture(scope="module")
def session(exported):
    loaded = SavedModelSession(exported)
    yield loaded
    loaded.close()


def test_timeout_ends_the_computation(session):
    count = np.array([2_000_000_000], np.int32)  # Hours of work, were it not ended.
    for timeout in (0.05, 0.0, -1.0):
        with pytest.raises(ServingError) as caught:
            session.run("slow", {"count": count}, timeout=timeout)
        assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("timeout", [None, 30.0, 1e9, float("inf")])
def test_a_long_timeout_does_nothing(session, timeout):
    count = np.array([3], np.int32)
    np.testing.assert_array_equal(
        session.run("slow", {"count": count}, timeout=timeout)["count"], count
    )
