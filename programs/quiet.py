"""Suppresses TensorFlow's banner, in programs only: a library does not configure logging."""

import contextlib
import os
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Holds back what C++ writes to stderr meanwhile.

    The banner is written before TensorFlow reads TF_CPP_MIN_LOG_LEVEL, straight to the file
    descriptor. What it writes is shown only if an exception leaves.

    Raises:
        SystemExit: after a line on stderr, if tfvae cannot be imported with Keras as it is set.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as banner:
        os.dup2(banner.fileno(), 2)
        try:
            yield
        except BaseException as error:
            if isinstance(error, ImportError) and error.name == "keras":  # tfvae.keras_backend
                os.write(stderr, f"error: {error}\n".encode())
                raise SystemExit(1) from None
            banner.seek(0)
            os.write(stderr, banner.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
