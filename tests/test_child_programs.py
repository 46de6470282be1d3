"""A program run by `tests.programs` has its own arguments, streams, threads and exit code."""

import os
import signal
import subprocess

from tests import programs

PROGRAM = """
import os, sys
import tensorflow as tf

tf.linalg.matmul(tf.ones([300, 300]), tf.ones([300, 300]))
print(__name__, sys.argv[1:], os.getcwd(), len(os.listdir("/proc/self/task")))
print("said", file=sys.stderr, flush=True)
sys.exit(7)
"""


def shown(tmp_path, threads, **options):
    (tmp_path / "shown.py").write_text(PROGRAM)
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": str(threads)}
    return programs.run("shown", "--a", 1, cwd=tmp_path, env=environment, **options)


def test_arguments_streams_threads_and_exit_code(tmp_path):
    threads = []
    for number in (1, 5):
        done = shown(tmp_path, number)
        assert (done.returncode, done.stderr) == (7, "said\n")
        *said, count = done.stdout.split()
        assert " ".join(said) == f"__main__ ['--a', '1'] {tmp_path}"
        threads.append(int(count))
    assert threads[1] - threads[0] == 4  # read when TensorFlow starts, after the fork
    assert shown(tmp_path, 1, stderr=subprocess.STDOUT).stdout.count("said\n") == 1


def test_signals_reach_it(tmp_path):
    (tmp_path / "waiting.py").write_text("import time; print('ready', flush=True); time.sleep(99)")
    program = programs.start("waiting", cwd=tmp_path, start_new_session=True)
    assert program.stdout.readline() == "ready\n"
    assert (program.poll(), os.getsid(program.pid)) == (None, program.pid)
    program.terminate()
    assert program.wait() == -signal.SIGTERM
