"""Writes the shards of a folder of prepared records, by several processes, resumably.

Files with their final name are complete: a shard is written to a temporary file, then renamed; the
manifest is renamed after all shards.
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
    """One shard to write: the arguments of `record_writing.write_shard` besides the data.

    Attributes:
        source: the data set's name and arguments, as JSON.
        first: number of its first example.
        file: the file to write.
        records: number of examples.
        dtype: of the stored values.
        encoding: of the stored images.
    """

    source: str
    first: int
    file: pathlib.Path
    records: int
    dtype: str
    encoding: str


def prepare(
    directory: pathlib.Path, current: Manifest, processes: int, say: Callable[[str], None]
) -> Manifest:
    """Writes the shards that are missing or damaged, and the manifest.

    Args:
        directory: the folder.
        current: the manifest so far; shards that exist may lack their checksum in it.
        processes: number of shards made at the same time.
        say: called with a line about every shard that was made.

    Returns:
        The complete manifest.

    Raises:
        ValueError: if an example cannot be read or stored.
        RunError: if a process was killed.
        OSError: if a shard cannot be written.
    """
    splits = {split: list(shards) for split, shards in current.splits.items()}
    pending = {}
    for split, shards in splits.items():
        first = 0
        for i, shard in enumerate(shards):
            file = directory / shard.file
            found = _found(file, shard)
            if found is None:
                source = json.dumps(current.source[split])
                task = Task(source, first, file, shard.records, current.dtype, current.encoding)
                pending[task] = split, i
            else:
                shards[i] = found
            first += shard.records
    total = sum(map(len, splits.values()))
    if len(pending) < total:
        say(f"{total - len(pending)} of {total} shards are complete")
    for done, (task, shard) in enumerate(_made(list(pending), processes), 1):
        split, i = pending[task]
        splits[split][i] = shard
        say(f"[{done}/{len(pending)}] {shard.file}: {shard.records:,} examples")
    whole = current._replace(splits=splits)
    manifest.write(directory / manifest.MANIFEST_FILE, whole)
    (directory / manifest.PARTIAL_FILE).unlink(missing_ok=True)
    return whole


def _found(file: pathlib.Path, shard: Shard) -> Shard | None:
    """The shard, with its checksum, if its file is complete; else None."""
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
    # For the processes: they share the cores, and need no GPU.
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
                "a process was killed, perhaps for lack of memory; rerun the same command to "
                "resume, with fewer --processes if needed"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def make(task: Task) -> Shard:
    """Makes one shard; run by each process."""
    with readable_errors():
        return record_writing.write_shard(data_set(task.source), *task[1:])


def _end_with_parent() -> None:
    """Ends this process with its parent; a pool's process would otherwise wait forever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
