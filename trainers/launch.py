"""Trains with several workers on this machine: `python -m trainers.launch --workers=2 -- FLAGS`.

FLAGS are those of trainers.train. Each worker runs it with --strategy=multi_worker, as on a
cluster. Each line of output names its worker. If one worker fails, all are stopped; Ctrl-C and
SIGTERM are passed on to all.
"""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

from programs import interrupts  # noqa: F401  # first: Ctrl-C while the others are imported

# isort: split
from absl import app, flags

from programs import program

WORKERS = flags.DEFINE_integer("workers", 2, "Number of workers.", lower_bound=1)
TRAIN = "trainers.train"
STOPPED_BY_SIGNAL = (130, 143)  # exit codes of a worker that SIGINT or SIGTERM stopped


def main(arguments: Sequence[str]) -> None:
    """Starts the workers; exits with the code of the first one that failed."""
    train_flags = arguments[1:]
    if not train_flags:
        raise app.UsageError("give trainers.train's flags after --, such as -- --config=...")
    processes = _start(WORKERS.value, train_flags)
    ended: queue.Queue[int] = queue.Queue()
    readers = [
        threading.Thread(target=_read, args=(number, process, ended))
        for number, process in enumerate(processes)
    ]

    passed_on = threading.Event()

    def pass_on(number, _):
        passed_on.set()
        for process in processes:
            process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    for reader in readers:
        reader.start()
    code = 0
    for _ in processes:
        worker = ended.get()
        code = processes[worker].returncode or code
        if code and code not in STOPPED_BY_SIGNAL:
            break
    for (
        process
    ) in processes:  # those still running; checkpoints are written atomically, so this is safe
        process.kill()
    for reader in readers:
        reader.join()
    if code and code not in STOPPED_BY_SIGNAL and not passed_on.is_set():
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        print(
            f"error: worker {worker} {how}; the other workers were stopped. The same command "
            "resumes from the last checkpoint",
            file=sys.stderr,
        )
    sys.exit(128 - code if code < 0 else code)


def tf_configs(workers: int) -> list[str]:
    """Returns TF_CONFIG of each of several workers on this machine, on free ports."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    addresses = [f"127.0.0.1:{bound.getsockname()[1]}" for bound in sockets]
    for bound in sockets:
        bound.close()
    return [
        json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
        for index in range(workers)
    ]


def _start(workers: int, train_flags: Sequence[str]) -> list[subprocess.Popen]:
    """Starts the workers, each with its share of the cores."""
    threads = max(1, len(os.sched_getaffinity(0)) // workers)
    command = [sys.executable, "-m", TRAIN, "--strategy=multi_worker", *train_flags]
    shared = {"TF_NUM_INTRAOP_THREADS": str(threads), **os.environ, "PYTHONUNBUFFERED": "1"}
    return [
        subprocess.Popen(
            command,
            env={**shared, "TF_CONFIG": config},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C reaches a worker once, by this process
        )
        for config in tf_configs(workers)
    ]


def _read(number: int, process: subprocess.Popen, ended: queue.Queue) -> None:
    """Prints a worker's output line by line; tells its number when it ends."""
    assert process.stdout is not None
    for line in process.stdout:
        print(f"[worker {number}] {line}", end="", flush=True)
    process.wait()
    ended.put(number)


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
