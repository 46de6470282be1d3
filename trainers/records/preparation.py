"""The shards of a folder of prepared records, made by several processes, resumably.

What is done is what has its final name: a shard is written beside and renamed when it is whole, the
manifest when all shards are.
"""

import json
import multiprocessing
import os
import pathlib
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from tfvae.data import manifest, record_writing
from tfvae.data.manifest import Manifest, Shard
from tfvae.training.checks import readable_errors
from trainers.records.record_plan import data_set
from trainers.runs.run_directory import RunError


class Task(NamedTuple):
    """One shard to make: what `record_writing.write_shard` takes, but for the data.

    Attributes:
        source: the data set's name and arguments, as JSON.
        first: number of its first example.
        file: where it goes.
        records: number of examples.
        dtype: how values are kept.
        encoding: how images are.
    """

    source: str
    first: int
    file: pathlib.Path
    records: int
    dtype: str
    encoding: str


def prepare(
    directory: pathlib.Path, held: Manifest, processes: int, say: Callable[[str], None]
) -> Manifest:
    """Makes the shards that are missing or damaged, and the manifest.

    Args:
        directory: where they go.
        held: the manifest, of which shards that are there may be unknown.
        processes: shards made at once.
        say: is told of every shard that was made.

    Returns:
        The whole manifest.

    Raises:
        ValueError: for an example that cannot be read or kept.
        RunError: where a process was killed.
        OSError: where a shard cannot be written.
    """
    splits = {split: list(shards) for split, shards in held.splits.items()}
    pending = {}
    for split, shards in splits.items():
        first = 0
        for i, shard in enumerate(shards):
            file = directory / shard.file
            found = _found(file, shard)
            if found is None:
                source = json.dumps(held.source[split])
                task = Task(source, first, file, shard.records, held.dtype, held.encoding)
                pending[task] = split, i
            else:
                shards[i] = found
            first += shard.records
    total = sum(map(len, splits.values()))
    if len(pending) < total:
        say(f"{total - len(pending)} of {total} shards are there and whole")
    for done, (task, shard) in enumerate(_made(list(pending), processes), 1):
        split, i = pending[task]
        splits[split][i] = shard
        say(f"[{done}/{len(pending)}] {shard.file}: {shard.records:,} examples")
    whole = held._replace(splits=splits)
    manifest.write(directory / manifest.MANIFEST_FILE, whole)
    (directory / manifest.PARTIAL_FILE).unlink(missing_ok=True)
    return whole


def _found(file: pathlib.Path, shard: Shard) -> Shard | None:
    """A shard that is there and whole, else None."""
    if not shard.crc32c:
        return record_writing.written_shard(file, shard.records)
    try:
        manifest.verify(file.parent, [shard])
    except ValueError:
        return None
    return shard


def _made(tasks: list[Task], processes: int) -> Iterator[tuple[Task, Shard]]:
    if min(processes, len(tasks)) <= 1:
        for task in tasks:
            yield task, make(task)
        return
    # Read as the processes start: they share the cores, and need no GPU.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    size = min(processes, len(tasks))
    with futures.ProcessPoolExecutor(size, context, initializer=_end_with_parent) as pool:
        work = {pool.submit(make, task): task for task in tasks}
        try:
            for done in futures.as_completed(work):
                yield work[done], done.result()
        except BrokenProcessPool as error:
            raise RunError(
                "a process was killed, perhaps for lack of memory; the same command goes on, "
                "with fewer --processes if you like"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def make(task: Task) -> Shard:
    """Makes one shard; this is what the processes run."""
    with readable_errors():
        return record_writing.write_shard(data_set(task.source), *task[1:])


def _end_with_parent() -> None:
    """A process of a pool would otherwise wait for ever for one that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
