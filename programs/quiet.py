"""Start-up without TensorFlow's banner, for programs only: a library leaves logging alone."""

import contextlib
import os
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Holds back what C++ writes to stderr meanwhile; shows it only where an exception leaves.

    The banner is written before TensorFlow reads TF_CPP_MIN_LOG_LEVEL, straight to the file
    descriptor.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as banner:
        os.dup2(banner.fileno(), 2)
        try:
            yield
        except BaseException:
            banner.seek(0)
            os.write(stderr, banner.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
