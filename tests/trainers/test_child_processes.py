import threading
import time

import pytest

from trainers.sweeping.child_processes import Children, Stopped


def run(children, log, statement):
    """Runs a statement in a program that starts quickly."""
    return children.run("timeit", ["-n1", "-r1", statement], log)


@pytest.mark.parametrize(("processes", "threads"), [(1, "None"), (2, "2"), (8, "1")])
def test_children_share_the_cores(tmp_path, monkeypatch, processes, threads):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(4))
    statement = "import os; print('threads', os.environ.get('TF_NUM_INTRAOP_THREADS'))"
    assert run(Children(processes), tmp_path / "log", statement) == 0
    assert f"threads {threads}\n" in (tmp_path / "log").read_text()


def test_output_and_exit_codes_are_kept(tmp_path):
    log = tmp_path / "log"
    assert run(Children(1), log, "print('first')") == 0
    assert run(Children(1), log, "raise ValueError('second')") == 1
    text = log.read_text()
    assert text.index("$ python -m timeit") < text.index("first") < text.index("second")


def test_stop_ends_those_that_run_and_starts_no_more(tmp_path):
    children, log, codes = Children(1), tmp_path / "log", []
    thread = threading.Thread(
        target=lambda: codes.append(run(children, log, "import time; print(1); time.sleep(600)"))
    )
    thread.start()
    while not (log.exists() and "$" in log.read_text()):
        time.sleep(0.01)
    with pytest.raises(BlockingIOError):  # the log of a running child is locked for other processes
        run(Children(1), log, "pass")
    while not children._running:
        time.sleep(0.01)
    children.stop()
    thread.join(timeout=30)
    assert codes == [-15]
    with pytest.raises(Stopped):
        run(children, log, "pass")
    assert run(Children(1), log, "pass") == 0  # the lock was released when the child ended
