"""Versions appear and disappear under load, and a server is killed during a copy."""

import shutil
import signal
import threading
from concurrent import futures

import grpc
import numpy as np
import pytest

from serving.client import messages_pb2, tensors
from tests.serving.serving_helpers import Server, add_version, export, wait_until

CLIENTS = 16
VERSIONS = 20


def ask(channel):
    """Returns the version that answered, which the model adds to zero."""
    request = messages_pb2.PredictRequest(model_spec={"name": "m", "signature_name": "encode"})
    request.inputs["image"].CopyFrom(tensors.encode_content(np.zeros([1, 4, 4, 1], np.float32)))
    call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    response = messages_pb2.PredictResponse.FromString(
        call(request.SerializeToString(), timeout=60)
    )
    (added,) = {float(x) for x in tensors.decode(response.outputs["mean"]).ravel()}
    return response.model_spec.version.value, added


@pytest.mark.slow
@pytest.mark.parametrize("batching", [False, True])
def test_twenty_versions_under_sixteen_clients(tmp_path, batching):
    base_path = tmp_path / "base"
    base_path.mkdir()
    export(base_path / "1", bias=1.0)
    server = Server(
        f"--model_base_path={base_path}",
        "--port=0",
        "--file_system_poll_wait_seconds=0.02",
        f"--enable_batching={batching}",
    )
    stop, live = threading.Event(), {1}

    def work():
        count = 0
        with grpc.insecure_channel(server.address) as channel:
            while not stop.is_set():
                version, added = ask(channel)
                assert version in live
                assert added == version
                count += 1
        return count

    with futures.ThreadPoolExecutor(CLIENTS) as pool, grpc.insecure_channel(server.address) as own:
        clients = [pool.submit(work) for _ in range(CLIENTS)]
        try:
            for number in range(2, VERSIONS + 2):
                beside = export(tmp_path / "beside", bias=float(number))
                live.add(number)
                beside.rename(base_path / str(number))
                wait_until(lambda number=number: ask(own)[0] == number, 60)
        finally:
            stop.set()
        counts = [client.result() for client in clients]  # Raises the errors of the clients.
    assert min(counts) > VERSIONS
    code, log = server.stop()
    assert code == 0
    assert "Traceback" not in log


def test_killed_while_a_version_is_written(exported, tmp_path):
    add_version(exported, tmp_path, 1)
    flags = [f"--model_base_path={tmp_path}", "--port=0", "--file_system_poll_wait_seconds=0.02"]
    server = Server(*flags)
    # Simulates a copy in place, not an export: the graph exists, the variables do not yet.
    (tmp_path / "2").mkdir()
    shutil.copy(exported / "saved_model.pb", tmp_path / "2")
    server.signal(signal.SIGKILL)
    server.process.communicate()
    server = Server(*flags)
    assert "Serving m version 1:" in server.line
    with grpc.insecure_channel(server.address) as channel:
        assert ask(channel) == (1, 0.0)
        export(tmp_path / "beside", bias=3.0).rename(tmp_path / "3")
        wait_until(lambda: ask(channel) == (3, 3.0))
    code, log = server.stop()
    assert code == 0
    assert "version 2 failed to load" in log
