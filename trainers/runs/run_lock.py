"""The lock on a run directory, which a process that trains into it holds until it ends."""

import fcntl
import os
import pathlib
import socket
import warnings

from tfvae.runs import RunError

LOCK_FILE = "run.lock"


def lock(directory: str | pathlib.Path) -> None:
    """Locks a run directory for this process, until the process ends in any way.

    The operating system keeps the lock (POSIX `fcntl`), so that none is left behind by a process
    that was killed. A process may lock a directory twice, and a child process does not inherit the
    lock. Programs that only read the run do not lock it.

    On network file systems: NFS v4 keeps such locks on its server, and so keeps out processes of
    other machines; it drops the lock of a machine that it cannot reach for its lease time (90
    seconds by default). NFS v3 does so only if its lock service runs (no `nolock` or `local_lock`
    mount option), Lustre only if mounted with `flock`. If the file system has no locks there is a
    warning, and nothing keeps a second run out.

    Args:
        directory: an existing directory.

    Raises:
        RunError: if another process holds the lock, with its host and process number.
        OSError: if the directory cannot be written.
    """
    path = pathlib.Path(directory) / LOCK_FILE
    # Never closed: closing any descriptor of the file would release the lock.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:  # POSIX allows either
        holder = os.pread(descriptor, 1000, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise RunError(
            f"workdir {directory} is in use by {holder or 'another process'}; wait until it ends, "
            "or give another --workdir"
        ) from error
    except OSError as error:
        os.close(descriptor)
        warnings.warn(
            f"workdir {directory} cannot be locked ({error.strerror}): do not start a second run "
            "in it",
            stacklevel=2,
        )
        return
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
