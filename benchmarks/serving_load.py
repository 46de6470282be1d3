"""A client process that repeats one request and measures the latency.

Run by the benchmarks of the server: python -m benchmarks.serving_load ADDRESS FILE CLIENTS SECONDS
RATE. FILE contains the bytes of a Predict request. With RATE 0 each client sends its next request
after each answer; otherwise all clients together send RATE requests per second, and latency is
measured from the scheduled time of a request. Prints JSON.
"""

import collections
import json
import pathlib
import sys
import threading
import time

import grpc
import numpy as np

METHOD = "/tensorflow.serving.PredictionService/Predict"
WARM_UP = 50
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def load(address: str, request: bytes, clients: int, seconds: float, rate: float) -> dict:
    """Returns requests per second, median and 99th percentile in milliseconds, and errors."""
    latencies: list[float] = []
    errors: collections.Counter = collections.Counter()
    with grpc.insecure_channel(address, OPTIONS) as channel:
        call = channel.unary_unary(METHOD)
        for _ in range(WARM_UP):
            call(request)
        start = time.perf_counter()

        def send(client: int) -> None:
            due = start + (client / rate if rate else 0)
            while due < start + seconds:
                time.sleep(max(0, due - time.perf_counter()))
                try:
                    call(request)
                    latencies.append(time.perf_counter() - due)
                except grpc.RpcError as error:
                    errors[error.code().name] += 1
                due = due + clients / rate if rate else time.perf_counter()

        threads = [threading.Thread(target=send, args=(client,)) for client in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    median, last = np.percentile(latencies, [50, 99]) * 1000 if latencies else (0.0, 0.0)
    rate = len(latencies) / (time.perf_counter() - start)
    return {"rate": rate, "median": float(median), "p99": float(last), "errors": dict(errors)}


if __name__ == "__main__":
    _address, _file, *_numbers = sys.argv[1:]
    _clients, _seconds, _rate = map(float, _numbers)
    _request = pathlib.Path(_file).read_bytes()
    print(json.dumps(load(_address, _request, int(_clients), _seconds, _rate)))
