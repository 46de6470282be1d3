"""Requests beyond the limits are refused before they run, over gRPC and HTTP."""

import json
import threading
import urllib.error
import urllib.request
from concurrent import futures

import grpc
import pytest

from serving.api.http_server import HttpApplication, HttpLimits, HttpServer
from serving.net import overload, ports
from serving.net.metrics import Metrics
from tests.serving.serving_helpers import free_port, wait_until

WAITING = 2


@pytest.fixture
def go():
    event = threading.Event()
    yield event
    event.set()


def send_until_full(pool, waiting, call):
    """Sends requests until one runs and the maximum number waits."""
    calls = []
    for count in range(1 + WAITING):
        calls.append(pool.submit(call))
        wait_until(lambda count=count: waiting._pending > count)
    return calls


def test_grpc_refuses_at_once_and_recovers(go):
    threads = overload.CountingPool(1, "test")
    interceptors = [overload.Overload(threads, WAITING)]
    server, port = ports.bind_grpc("127.0.0.1", 0, None, threads, interceptors, {})

    def wait(request, context):
        assert go.wait(20)
        return request

    handlers = {"wait": grpc.unary_unary_rpc_method_handler(wait)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("s", handlers),))
    server.start()
    with (
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
        futures.ThreadPoolExecutor() as pool,
    ):
        call = channel.unary_unary("/s/wait")
        calls = send_until_full(pool, threads, lambda: call(b"x", timeout=20))
        with pytest.raises(grpc.RpcError) as caught:
            call(b"y", timeout=20)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "2 requests are waiting already; try again later"
        go.set()
        assert [c.result() for c in calls] == [b"x"] * 3
        wait_until(lambda: threads._pending == 0)
        assert call(b"z", timeout=20) == b"z"
    server.stop(None)


class WaitingApi:
    def __init__(self, go):
        self.go = go

    def answer(self, method, path, body):
        assert self.go.wait(20)
        return 200, json.dumps(len(body)).encode()


def test_http_refuses_at_once_and_recovers(go):
    metrics = Metrics(str)
    limits = HttpLimits(threads=1, waiting=WAITING, body_bytes=100)
    application = HttpApplication(WaitingApi(go), limits, None, metrics, "/metrics")
    port = free_port()
    server = HttpServer(application, ports.bind_rest("127.0.0.1", port), None)
    url = f"http://127.0.0.1:{port}"

    def call(body=b"x"):
        try:
            with urllib.request.urlopen(f"{url}/v1/models", body, timeout=20) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["error"]

    with futures.ThreadPoolExecutor() as pool:
        calls = send_until_full(pool, application._pool, call)
        assert call() == (429, "2 requests are waiting already; try again later")
        with urllib.request.urlopen(f"{url}/metrics") as response:
            assert b'waiting_requests{entrypoint="REST"} 2.0' in response.read()
        go.set()
        assert [c.result() for c in calls] == [(200, 1)] * 3
        assert call(b"x" * 100) == (200, 100)
        status, error = call(b"x" * 101)
        assert (status, error[:34]) == (413, "the request has more than 100 byte")
    server.refuse_new(1)
    server.wait(10)
    assert not server._thread.is_alive()
