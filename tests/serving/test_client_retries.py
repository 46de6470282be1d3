"""Retries, and limits on concurrent requests."""

import contextlib
import http.server
import json
import socket
import threading
import time

import grpc
import numpy as np
import pytest

from serving.client import Client, retries
from tests.serving.client_helpers import InLoop, fake_server

OVERLOAD = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED]
BOTH = pytest.mark.parametrize("make", [Client, InLoop])
ROW = {"latent": np.float32([[0, 1]])}


@pytest.fixture
def fake():
    with fake_server() as (fake, address):
        fake.address = address
        yield fake


@BOTH
@pytest.mark.parametrize("code", OVERLOAD)
@pytest.mark.parametrize("rows", [1, 200_000])  # 1.6 MB, more than gRPC buffers by default
def test_a_server_that_fails_twice(fake, make, code, rows):
    fake.failures = [code, code]
    with make(fake.address, model="m") as client:
        answer = client.predict("decode", {"latent": np.zeros([rows, 2], np.float32)})
    np.testing.assert_array_equal(answer["image"], np.ones([rows, 2]))
    assert len(fake.requests) == 3


@BOTH
def test_no_retries(fake, make):
    fake.failures = [grpc.StatusCode.UNAVAILABLE]
    with make(fake.address, model="m", retries=0) as client:
        with pytest.raises(grpc.RpcError, match="as told"):
            client.predict("decode", ROW)
        assert len(fake.requests) == 1
        assert client.predict("decode", ROW)["image"].tolist() == [[1, 2]]


@BOTH
@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAUTHENTICATED,
    ],
)
def test_what_is_not_sent_again(fake, make, code):
    fake.failures = [code] * 5
    with make(fake.address, model="m") as client, pytest.raises(grpc.RpcError) as caught:
        client.predict("decode", ROW)
    assert caught.value.code() is code
    assert len(fake.requests) == 1


def test_retries_end(fake):
    fake.failures = [grpc.StatusCode.UNAVAILABLE] * 9
    with Client(fake.address, model="m", retries=1) as client:
        with pytest.raises(grpc.RpcError, match="as told"):
            client.predict("decode", ROW)
        assert len(fake.requests) == 2
    with Client(fake.address, model="m", timeout=0.3) as client:
        with pytest.raises(grpc.RpcError):
            client.predict("decode", ROW)
        assert len(fake.requests) <= 4  # The second delay alone is longer than the timeout.


def test_delays_grow_and_differ():
    delays = np.array([[retries.delay(attempt) for attempt in range(4)] for _ in range(100)])
    assert (np.diff(delays.mean(axis=0)) > 0).all()
    assert (delays.std(axis=0) > 0).all()
    assert delays.max() <= 2.4


@BOTH
def test_chunks_in_flight(fake, make):
    barrier, lock = threading.Barrier(3, timeout=20), threading.Lock()
    now, most = 0, 0

    def before(value):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        barrier.wait()  # Breaks unless three requests run at once.
        time.sleep(0.02 if value < 3 else 0)  # The first chunks finish last.
        with lock:
            now -= 1

    fake.before = before
    latents = np.arange(18, dtype=np.float32).reshape(9, 2)
    with make(fake.address, model="m", chunk_size=1, max_in_flight=3) as client:
        np.testing.assert_array_equal(client.decode(latents), latents + 1)
    assert most == 3


@BOTH
def test_a_chunk_that_fails_fails_the_call(fake, make):
    fake.failures = [grpc.StatusCode.INTERNAL]
    with make(fake.address, model="m", chunk_size=1, max_in_flight=2) as client:
        with pytest.raises(grpc.RpcError, match="as told"):
            client.decode(np.zeros([50, 2], np.float32))
        assert len(fake.requests) < 50
        assert client.decode(np.zeros([50, 2], np.float32)).shape == (50, 2)


METADATA = {
    "metadata": {
        "signature_def": {
            "signature_def": {
                "decode": {
                    "inputs": {},
                    "outputs": {
                        "image": {
                            "dtype": "DT_FLOAT",
                            "tensor_shape": {"unknown_rank": False, "dim": [{"size": "-1"}]},
                        }
                    },
                }
            }
        }
    }
}


@contextlib.contextmanager
def fake_rest(*answers):
    """A REST API that returns these (status, body) in turn; status 0 closes the connection."""
    waiting = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(200, json.dumps(METADATA))

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = waiting.pop(0)
            if status:
                self._answer(status, body)

        def _answer(self, status, body):
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", waiting
        server.shutdown()
        thread.join()


@BOTH
@pytest.mark.parametrize("status", [429, 503, 0])
def test_rest_that_fails_twice(make, status):
    failure, good = (status, '{"error": "as told"}'), (200, '{"outputs": [1.5]}')
    with fake_rest(failure, failure, good) as (address, _), make(address, model="m") as client:
        assert client.predict("decode", ROW)["image"].tolist() == [1.5]
    with (
        fake_rest(failure, good) as (address, _),
        make(address, model="m", retries=0) as client,
        pytest.raises(grpc.RpcError),
    ):
        client.predict("decode", ROW)


@pytest.mark.parametrize(
    ("status", "body", "code", "details"),
    [
        (400, '{"error": "as told"}', "INVALID_ARGUMENT", "as told"),
        (413, '{"error": "as told"}', "RESOURCE_EXHAUSTED", "as told"),
        (504, '{"error": "as told"}', "DEADLINE_EXCEEDED", "as told"),
        (404, "<html>", "NOT_FOUND", "is this a model server's REST API"),
        (200, "<html>", "UNKNOWN", "is this a model server's REST API"),
        (200, '{"predictions": 1}', "INTERNAL", "cannot be read"),
        (200, '{"outputs": [["x"]]}', "INTERNAL", "cannot be read"),
    ],
)
def test_rest_errors_are_not_sent_again(status, body, code, details):
    with fake_rest((status, body), (200, "{}")) as (address, left):
        with Client(address, model="m") as client, pytest.raises(grpc.RpcError) as caught:
            client.predict("decode", ROW)
        assert caught.value.code().name == code
        assert details in caught.value.details()
        assert len(left) == 1


@BOTH
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_server_that_never_answers(make, scheme):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"{scheme}127.0.0.1:{mute.getsockname()[1]}"
        with (
            make(address, model="m", timeout=0.2) as client,
            pytest.raises(grpc.RpcError) as caught,
        ):
            client.predict("decode", ROW)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_an_answer_that_never_ends():
    def drip(listener):
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b" ")
                time.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            Client(address, model="m", timeout=0.3) as client,
            pytest.raises(grpc.RpcError, match="DEADLINE_EXCEEDED"),
        ):
            client.status()
        thread.join()


def test_half_precision_is_not_offered_over_rest():
    with (
        fake_rest() as (address, _),
        Client(address, model="m") as client,
        pytest.raises(ValueError, match="input latent has dtype half, which REST does not support"),
    ):
        client.predict("decode", {"latent": np.zeros([1, 2], np.float16)})
