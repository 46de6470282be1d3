"""Dynamic batching: concurrent requests run as one batch, as in the stock server.

Batching needs no threads of its own. The first request of a batch leads it: its thread waits until
the batch is full or times out, waits for a free slot, runs the batch, and wakes the threads of the
other requests. Under low load a request therefore runs in the thread that received it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass, field

import grpc
import numpy as np

from serving import errors
from serving.config.batching_parameters import BatchingParameters

Arrays = Sequence[np.ndarray]
Run = Callable[[Arrays, float | None], Arrays]


class Batcher:
    """The parameters and slots for running batches that all queues of a server share."""

    def __init__(self, parameters: BatchingParameters):
        self.parameters = parameters
        self.slots = threading.Semaphore(parameters.num_batch_threads)


@dataclass
class _Task:
    """A request, or the part of it that is in one batch.

    Attributes:
        arrays: Inputs, each with `rows` rows.
        rows: Size of dimension 0.
        deadline: Deadline in seconds of `time.monotonic`.
    """

    arrays: Arrays
    rows: int
    deadline: float


@dataclass
class _Batch:
    """Tasks that run together; `outcome` has the outputs or the error of each task."""

    opened: float
    tasks: list[_Task] = field(default_factory=list)
    rows: int = 0
    outcome: futures.Future[list[Arrays | errors.ServingError]] = field(
        default_factory=futures.Future
    )


class BatchQueue:
    """The waiting batches for one set of inputs and outputs."""

    def __init__(self, batcher: Batcher, run: Run):
        """Creates an empty queue.

        Args:
            batcher: Parameters and slots, shared with the other queues.
            run: Computes outputs from inputs within a timeout in seconds.
        """
        self._parameters = batcher.parameters
        self._slots = batcher.slots
        self._run = run
        self._waiting: list[_Batch] = []
        self._changed = threading.Condition()

    def run(self, arrays: Arrays, timeout: float | None) -> Arrays:
        """Runs a request as part of a batch.

        Args:
            arrays: Inputs with a common dimension 0.
            timeout: Seconds until the request is given up.

        Returns:
            The outputs for the rows of this request.

        Raises:
            ServingError: With the stock server's code and message. If a batch fails, its requests
                are run one by one, so that only the faulty ones fail.
        """
        deadline = time.monotonic() + timeout if timeout is not None else float("inf")
        places = self._enqueue(_Task(arrays, _rows(arrays), deadline))
        for batch in [batch for batch, _, opened in places if opened]:
            self._lead(batch)
        outcomes = []
        for batch, position, _ in places:
            try:
                left = None if timeout is None else max(0, deadline - time.monotonic())
                outcome = batch.outcome.result(left)[position]
            except futures.TimeoutError as error:
                raise errors.deadline_exceeded() from error
            if isinstance(outcome, errors.ServingError):
                raise outcome
            outcomes.append(outcome)
        if len(outcomes) == 1:
            return outcomes[0]
        return [np.concatenate(parts) for parts in zip(*outcomes, strict=True)]

    def _enqueue(self, task: _Task) -> list[tuple[_Batch, int, bool]]:
        """Adds a task to batches; returns (batch, position in it, whether the batch is new)."""
        limit = self._parameters.max_execution_batch_size
        if task.rows > self._parameters.max_batch_size:
            raise errors.invalid_argument(
                f"Task size {task.rows} is larger than maximum input batch size "
                f"{self._parameters.max_batch_size}"
            )
        with self._changed:
            last = self._waiting[-1] if self._waiting else None
            sizes = self._sizes(task.rows, limit - last.rows if last else 0, last is not None)
            joins = last is not None and sizes[0] <= limit - last.rows
            capacity = self._parameters.max_enqueued_batches - len(self._waiting)
            if len(sizes) - joins > capacity:
                raise errors.Overloaded(
                    "The batch scheduling queue to which this task was submitted is full; task "
                    f"size is {task.rows} but scheduling capacity is only {capacity * limit}"
                )
            places = []
            start = 0
            for index, rows in enumerate(sizes):
                opened = not (joins and index == 0)
                if opened:
                    self._waiting.append(_Batch(time.monotonic()))
                batch = self._waiting[-1]
                part = [array[start : start + rows] for array in task.arrays]
                batch.tasks.append(_Task(part, rows, task.deadline))
                batch.rows += rows
                places.append((batch, len(batch.tasks) - 1, opened))
                start += rows
            if self._waiting[-1].rows >= limit or any(opened for _, _, opened in places):
                self._changed.notify_all()  # Leaders wait only for these two events.
        return places

    def _sizes(self, rows: int, room: int, is_open: bool) -> list[int]:
        """Returns the rows of each part of a request; the first joins the last batch if it fits."""
        limit = self._parameters.max_execution_batch_size
        if rows <= room or not self._parameters.enable_large_batch_splitting:
            return [rows]
        sizes = [room] if is_open and room else []
        while sum(sizes) < rows:
            sizes.append(min(limit, rows - sum(sizes)))
        return sizes

    def _lead(self, batch: _Batch) -> None:
        closes = batch.opened + self._parameters.batch_timeout_micros / 1e6
        limit = self._parameters.max_execution_batch_size
        with self._changed:
            self._changed.wait_for(
                lambda: batch.rows >= limit or batch is not self._waiting[-1],
                max(0, closes - time.monotonic()),
            )
        with self._slots:
            with self._changed:
                self._waiting.remove(batch)  # From here on no request can join.
            try:
                batch.outcome.set_result(self._outcomes(batch.tasks))
            except Exception as error:  # noqa: BLE001, it is raised again in every waiting thread
                batch.outcome.set_exception(error)

    def _outcomes(self, tasks: list[_Task]) -> list[Arrays | errors.ServingError]:
        now = time.monotonic()
        last = max(task.deadline for task in tasks)
        if last <= now:
            raise errors.ServingError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "Run() timeout exceeded while waiting in batching queue",
            )
        if len(tasks) > 1 and self._fit_together(tasks):
            try:
                return list(self._together(tasks, last))
            except errors.ServingError as error:
                if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise
        return [self._alone(task) for task in tasks]

    def _fit_together(self, tasks: list[_Task]) -> bool:
        shapes = {tuple(array.shape[1:] for array in task.arrays) for task in tasks}
        ranks = {tuple(array.ndim for array in task.arrays) for task in tasks}
        padded = self._parameters.pad_variable_length_inputs and len(ranks) == 1
        return len(shapes) == 1 or padded

    def _alone(self, task: _Task) -> Arrays | errors.ServingError:
        try:
            return self._together([task], task.deadline)[0]
        except errors.ServingError as error:
            return error

    def _together(self, tasks: list[_Task], deadline: float) -> list[Arrays]:
        rows = sum(task.rows for task in tasks)
        size = self._parameters.padded(rows) if rows else 0
        inputs = [_merged(column, size - rows) for column in zip(*_arrays(tasks), strict=True)]
        timeout = None if deadline == float("inf") else deadline - time.monotonic()
        outputs = self._run(inputs, timeout)
        for output in outputs:
            if output.ndim == 0:
                raise errors.failed_precondition("Batched output tensor has 0 dimensions")
            if len(output) != size:
                raise errors.failed_precondition(
                    "Batched output tensor's 0th dimension does not equal the sum of the 0th "
                    "dimension sizes of the input tensors"
                )
        ends = np.cumsum([task.rows for task in tasks])
        return [
            [output[end - task.rows : end] for output in outputs]
            for task, end in zip(tasks, ends, strict=True)
        ]


def _arrays(tasks: list[_Task]) -> list[Arrays]:
    return [task.arrays for task in tasks]


def _rows(arrays: Arrays) -> int:
    """Returns the size of dimension 0 of a request's inputs."""
    if any(array.ndim == 0 for array in arrays):
        raise errors.invalid_argument(
            "Batching Run() input tensors must have at least one dimension."
        )
    sizes = {len(array) for array in arrays}
    if len(sizes) != 1:
        raise errors.invalid_argument(
            "Batching Run() input tensors must have equal 0th-dimension size."
        )
    return sizes.pop()


def _merged(arrays: Arrays, padding: int) -> np.ndarray:
    """Concatenates one input of all tasks, padded with the first row of the last task."""
    if len(arrays) == 1 and not padding:
        return arrays[0]
    shape = np.max([array.shape[1:] for array in arrays], axis=0)
    parts = [_widened(array, shape) for array in arrays]
    return np.concatenate([*parts, np.repeat(parts[-1][:1], padding, axis=0)])


def _widened(array: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Pads rows to `shape` with zeros or empty strings."""
    if array.shape[1:] == tuple(shape):
        return array
    ends = [(0, 0), *((0, int(size)) for size in shape - array.shape[1:])]
    return np.pad(array, ends, constant_values=b"" if array.dtype.kind == "O" else 0)
