import functools
from pathlib import Path

import pytest

from tests.serving.serving_helpers import Server, export, free_port


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Path:
    """A version folder to serve or to copy."""
    return export(tmp_path_factory.mktemp("model") / "1")


@pytest.fixture(scope="session")
def server(exported):
    """One server for the tests that only ask."""
    running = Server(
        f"--model_base_path={exported.parent}", "--port=0", f"--rest_api_port={free_port()}"
    )
    yield running
    assert running.stop()[0] == 0


@pytest.fixture
def batch(exported, tmp_path):
    """Runs a job of `serving.batch`; gives its rows and its bad rows."""
    from tests.serving.batch_helpers import run_batch  # noqa: PLC0415 - Beam may be missing

    return functools.partial(run_batch, exported, tmp_path)
