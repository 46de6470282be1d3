"""Communication between the workers of one training job."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf

# The errors that TensorFlow raises on the remaining workers.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
_TASK = re.compile(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)")


class WorkerLostError(ConnectionError):
    """Another worker ended or cannot be reached; training cannot continue without it."""


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this worker writes files: the chief, or worker 0 if there is no chief."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "chief" or (
        resolver.task_type == "worker" and resolver.task_id == 0 and not has_chief
    )


def names(strategy: tf.distribute.Strategy) -> list[str]:
    """Returns the names of the workers in the strategy's order, such as "worker 0"."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return ["this process"]
    jobs = resolver.cluster_spec().as_dict()  # chief before worker, as in the strategy
    return [f"{job} {index}" for job in sorted(jobs) for index in range(len(jobs[job]))]


def gathered(strategy: tf.distribute.Strategy, row: tf.Tensor) -> list[tf.Tensor]:
    """Returns every worker's `row` in the order of `names`; all must call it.

    Args:
        strategy: the strategy that the workers share.
        row: int32 [n]; n may differ from worker to worker.
    """
    workers = len(names(strategy))
    if workers == 1:
        return [row]

    @tf.function
    def gather(row):
        def in_replica(row):
            row = tf.identity(row)  # on the replica's device
            context = tf.distribute.get_replica_context()
            sizes = context.all_gather(tf.identity(tf.shape(row)), axis=0)
            return sizes, context.all_gather(row, axis=0)

        return strategy.run(in_replica, args=(row,))

    sizes, rows = (strategy.experimental_local_results(value)[0] for value in gather(row))
    # One row per replica; the replicas of a worker have the same row.
    return tf.split(rows, sizes)[:: strategy.num_replicas_in_sync // workers]


def gathered_texts(strategy: tf.distribute.Strategy, text: str) -> list[str]:
    """Returns every worker's `text` in the order of `names`; all must call it."""
    letters = tf.constant(list(text.encode()), tf.int32)
    return [bytes(row.numpy().tolist()).decode() for row in gathered(strategy, letters)]


@contextlib.contextmanager
def lost_worker_errors(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Re-raises TensorFlow's errors after the loss of a worker as WorkerLostError.

    Raises:
        WorkerLostError: if one of several workers was lost (the message says which, and the fix).
    """
    try:
        yield
    except _LOST as error:
        if len(names(strategy)) == 1:
            raise
        resolver = strategy.cluster_resolver
        own = f"{resolver.task_type} {resolver.task_id}"
        named = [" ".join(task) for task in _TASK.findall(error.message)]
        lost = next((name for name in named if name != own), "another worker")
        raise WorkerLostError(
            f"{lost} was lost, and the others cannot go on without it; start all of them again, "
            "and they resume from the last checkpoint"
        ) from error
