import functools
import threading
import time
from concurrent import futures

import grpc
import numpy as np
import pytest

from serving.config.batching_parameters import BatchingParameters, read
from serving.config.config_files import ConfigError
from serving.engine.batching import Batcher, BatchQueue
from serving.errors import Overloaded, ServingError
from tests.serving.serving_helpers import wait_until

Code = grpc.StatusCode


class Runs:
    """Doubles its input; blocks every run until `go` is set, and records the batches."""

    def __init__(self):
        self.batches, self.go = [], threading.Event()

    def __call__(self, arrays, timeout):
        self.batches.append(arrays[0].tolist())
        assert self.go.wait(10)
        if (arrays[0] == 13).any():
            raise ServingError(Code.INVALID_ARGUMENT, "13")
        return [array * 2 for array in arrays]


@pytest.fixture
def runs():
    return Runs()


@pytest.fixture
def pool():
    with futures.ThreadPoolExecutor(32) as executor:
        yield executor


def queue(run, threads=1, **parameters):
    return BatchQueue(Batcher(BatchingParameters(num_batch_threads=threads, **parameters)), run)


def column(*values):
    return [np.array(values, np.float32)]


def waiting(batching):
    return sum(batch.rows for batch in batching._waiting)


def submit(pool, batching, *requests, timeout=None):
    """Sends requests in order; each is in the queue before the next is sent."""
    pending, rows = [], 0
    for request in requests:
        pending.append(pool.submit(batching.run, request, timeout))
        rows += len(request[0])
        wait_until(functools.partial(lambda rows: waiting(batching) == rows, rows))
    return pending


def blocked(pool, batching, runs):
    """A request that occupies the only slot, so that later requests wait."""
    first = pool.submit(batching.run, column(0), None)
    wait_until(lambda: runs.batches)
    return first


def test_requests_that_wait_run_as_one_and_get_their_own_rows(pool, runs):
    batching = queue(runs)
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, column(1), column(2, 3), column(4))
    runs.go.set()
    assert [f.result(10)[0].tolist() for f in (first, *others)] == [[0], [2], [4, 6], [8]]
    assert runs.batches == [[0], [1, 2, 3, 4]]


def test_padding_repeats_the_first_row_of_the_last_request(pool, runs):
    batching = queue(runs, max_batch_size=8, allowed_batch_sizes=(1, 4, 8))
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, column(1, 2), column(3, 4, 5))
    runs.go.set()
    assert [f.result(10)[0].tolist() for f in (first, *others)] == [[0], [2, 4], [6, 8, 10]]
    assert runs.batches[1] == [1, 2, 3, 4, 5, 3, 3, 3]


def test_a_batch_waits_for_others_until_it_is_full_or_its_time_is_over(pool, runs):
    runs.go.set()
    batching = queue(runs, threads=2, max_batch_size=2, batch_timeout_micros=10_000_000)
    pair = [*submit(pool, batching, column(1)), pool.submit(batching.run, column(2), None)]
    assert [f.result(5)[0].tolist() for f in pair] == [[2], [4]]
    assert runs.batches == [[1, 2]]
    batching = queue(runs, max_batch_size=2, batch_timeout_micros=50_000)
    start = time.monotonic()
    assert batching.run(column(3), None)[0].tolist() == [6]
    assert time.monotonic() - start >= 0.05


def test_a_full_queue_refuses_at_once(pool, runs):
    batching = queue(runs, max_batch_size=2, max_enqueued_batches=2)
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, column(1, 1), column(2, 2))
    with pytest.raises(Overloaded, match="queue to which this task was submitted is full") as error:
        batching.run(column(3), None)
    assert (error.value.code, error.value.http_status) == (Code.UNAVAILABLE, 429)
    with pytest.raises(ServingError, match="Task size 3 is larger than maximum input batch size 2"):
        batching.run(column(1, 2, 3), None)
    runs.go.set()
    assert [f.result(10)[0].tolist() for f in (first, *others)] == [[0], [2, 2], [4, 4]]


def test_large_requests_are_split(pool, runs):
    batching = queue(
        runs, max_batch_size=9, max_execution_batch_size=3, enable_large_batch_splitting=True
    )
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, column(1), column(2, 3, 4, 5, 6, 7), column(8))
    runs.go.set()
    results = [f.result(10)[0].tolist() for f in (first, *others)]
    assert results == [[0], [2], [4, 6, 8, 10, 12, 14], [16]]
    assert sorted(runs.batches[1:]) == [[1, 2, 3], [4, 5, 6], [7, 8]]


def test_a_bad_request_fails_alone(pool, runs):
    batching = queue(runs)
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, column(1), column(13), [np.zeros([2, 5])])
    runs.go.set()
    assert [f.result(10)[0].tolist() for f in (first, others[0])] == [[0], [2]]
    assert others[2].result(10)[0].shape == (2, 5)
    with pytest.raises(ServingError, match="13"):
        others[1].result(10)


def test_an_unforeseen_failure_reaches_everyone(pool, runs):
    def fail(arrays, timeout):
        runs(arrays, timeout)
        raise MemoryError

    batching = queue(fail)
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, column(1), column(2))
    runs.go.set()
    for pending in (first, *others):
        with pytest.raises(MemoryError):
            pending.result(10)


def test_variable_length_rows_are_padded(pool, runs):
    batching = queue(runs, pad_variable_length_inputs=True)
    first = blocked(pool, batching, runs)
    others = submit(pool, batching, [np.ones([1, 2], int)], [np.ones([2, 3], int)])
    runs.go.set()
    assert first.result(10)
    assert others[0].result(10)[0].tolist() == [[2, 2, 0]]
    assert runs.batches[1] == [[1, 1, 0], [1, 1, 1], [1, 1, 1]]


def test_deadlines(pool, runs):
    batching = queue(runs)
    first = blocked(pool, batching, runs)
    (late,) = submit(pool, batching, column(1), timeout=0.05)
    late_too = pool.submit(batching.run, column(2), 0.05)
    with pytest.raises(ServingError) as error:
        late_too.result(10)  # Answered in time although the batch still waits.
    assert error.value.code is Code.DEADLINE_EXCEEDED
    runs.go.set()
    assert first.result(10)
    with pytest.raises(ServingError, match="timeout exceeded while waiting in batching queue"):
        late.result(10)


def test_what_cannot_be_batched(runs):
    runs.go.set()
    assert queue(runs, allowed_batch_sizes=(4, 1000)).run([np.zeros([0, 2])], None)[0].shape[0] == 0
    with pytest.raises(ServingError, match="must have at least one dimension"):
        queue(runs).run([np.float32(1)], None)
    with pytest.raises(ServingError, match="must have equal 0th-dimension size"):
        queue(runs).run([np.zeros(1), np.zeros(2)], None)
    for output, message in (
        (np.zeros(3), "0th dimension does not equal"),
        (np.array(1), "has 0 d"),
    ):
        with pytest.raises(ServingError, match=message) as error:
            queue(lambda arrays, timeout, output=output: [output]).run([np.zeros(1)], None)
        assert error.value.code is Code.FAILED_PRECONDITION


def test_parameters_are_read_from_the_stock_servers_file(tmp_path):
    file = tmp_path / "batching.txt"
    file.write_text(
        "max_batch_size { value: 64 }\nbatch_timeout_micros { value: 0 }\n"
        'thread_pool_name { value: "x" }\nenable_large_batch_splitting { value: true }\n'
        "max_execution_batch_size { value: 16 }\nallowed_batch_sizes: 8\nallowed_batch_sizes: 16"
    )
    assert read(str(file)) == BatchingParameters(
        max_batch_size=64,
        enable_large_batch_splitting=True,
        max_execution_batch_size=16,
        allowed_batch_sizes=(8, 16),
    )
    assert [read(str(file)).padded(rows) for rows in (1, 8, 9)] == [8, 8, 16]
    for text, message in (
        ("max_batch_size { value: 0 }", "max_batch_size is 0; give at least 1"),
        ("batch_timeout_micros { value: -1 }", "give 0 or more"),
        ("allowed_batch_sizes: 2\nallowed_batch_sizes: 1", r"\[2, 1\]; give increasing sizes"),
        ("allowed_batch_sizes: 2", "must equal the largest batch, 1000"),
        ("max_execution_batch_size { value: 2 }", "needs enable_large_batch_splitting"),
        ("max_batch_size: 3", "line 1"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=message):
            read(str(file))
