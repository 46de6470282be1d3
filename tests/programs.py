"""Runs programs as children of one interpreter that has already imported TensorFlow.

A program takes four seconds to import TensorFlow. `start` forks it instead from the fork server of
`multiprocessing`, which has imported `tests.preloaded` and run nothing: the child gets its own
arguments, environment, directory and streams, and runs the module as `python -m` does. What is
promised of a process of its own - what it imports, a quiet start, the interpreter's end - is tested
by `real_process` tests, with `subprocess`.
"""

import atexit
import multiprocessing
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import forkserver

import tensorflow as tf

from programs.quiet import quiet_import

ROOT = pathlib.Path(__file__).parents[1]
SECONDS = 300  # a program that has not ended by then is killed

# Stopped and waited for, so that the time of its children counts as the tests' time.
atexit.register(forkserver._forkserver._stop)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])


class Program:
    """A program that runs, with the attributes and methods of `subprocess.Popen` that tests use.

    Its stdout is a pipe, its stderr a file (which cannot fill up), or its stdout too.
    """

    def __init__(self, module, arguments, cwd, env, stderr, start_new_session):
        self.args = [sys.executable, "-m", module, *arguments]
        self._errors = None if stderr == subprocess.STDOUT else tempfile.NamedTemporaryFile("r")  # noqa: SIM115
        reader, writer = _CONTEXT.Pipe(duplex=False)
        errors = None if self._errors is None else self._errors.name
        self._process = _CONTEXT.Process(
            target=_main,
            args=(writer, errors, module, arguments, str(cwd), env, start_new_session),
        )
        self._process.start()
        writer.close()
        self.stdout = open(os.dup(reader.fileno()))  # noqa: SIM115
        reader.close()
        self.pid = self._process.pid
        atexit.register(self.kill)  # also if a test fails before it ends the program

    @property
    def returncode(self):
        """None while it runs; negative if a signal ended it."""
        return self._process.exitcode

    def poll(self):
        return self.returncode

    def wait(self, timeout=SECONDS):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def communicate(self, timeout=SECONDS):
        """Returns the rest of stdout, and stderr, at the end; kills it after `timeout` seconds."""
        watchdog = threading.Timer(timeout, self.kill)
        watchdog.start()
        with self.stdout:
            output = self.stdout.read()
        self.wait()
        watchdog.cancel()
        return output, self.errors()

    def errors(self):
        """The text written to stderr so far; None if stderr goes to stdout."""
        return None if self._errors is None else pathlib.Path(self._errors.name).read_text()

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def start(
    module, *arguments, cwd=ROOT, env=None, stderr=subprocess.PIPE, start_new_session=False
) -> Program:
    """Starts `python -m module arguments`.

    Args:
        cwd: its directory.
        env: its environment; if None, this process's.
        stderr: `subprocess.STDOUT` writes it to stdout.
        start_new_session: whether it leads a session, and so a process group, of its own.
    """
    env = dict(os.environ if env is None else env)
    return Program(module, list(map(str, arguments)), cwd, env, stderr, start_new_session)


def run(module, *arguments, timeout=SECONDS, **options) -> subprocess.CompletedProcess:
    """Runs `python -m module arguments` to its end; `options` are those of `start`."""
    program = start(module, *arguments, **options)
    output, errors = program.communicate(timeout)
    return subprocess.CompletedProcess(program.args, program.returncode, output, errors)


def wait_until(condition, program, seconds=120):
    """Waits until `condition()` is true; the program must be running meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        assert program.poll() is None and time.monotonic() < end, program.communicate(1)
        time.sleep(0.01)


def _main(writer, errors, module, arguments, cwd, env, start_new_session):
    """The child: becomes the program."""
    if start_new_session:
        os.setsid()
    os.dup2(writer.fileno(), 1)
    os.dup2(1 if errors is None else os.open(errors, os.O_WRONLY | os.O_APPEND), 2)
    writer.close()
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    with quiet_import():  # hides TensorFlow's messages about devices
        tf.config.list_physical_devices()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = [module, *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
