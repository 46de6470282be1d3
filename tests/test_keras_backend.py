"""Another backend of Keras is met at import, in one sentence."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.real_process

MESSAGE = (
    "Keras's backend is 'jax' ({where}), and tfvae needs 'tensorflow': set the environment "
    "variable KERAS_BACKEND=tensorflow before Keras is imported"
)


def start(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_environment_is_named_at_import():
    done = start("-c", "import tfvae", KERAS_BACKEND="jax")
    message = MESSAGE.format(where="by the environment variable KERAS_BACKEND=jax")
    assert done.stderr.splitlines()[-1] == f"ImportError: {message}"


@pytest.mark.parametrize(
    "program",
    [
        ["trainers.train", "--config=vae_mnist", "--workdir=nowhere"],
        pytest.param(["serving.check", "saved_models/factor_vae"], marks=pytest.mark.slow),
    ],
    ids=lambda program: program[0],
)
def test_programs_say_it_and_exit_1(tmp_path, program):
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    environment = {"KERAS_BACKEND": "", "KERAS_HOME": str(tmp_path)}
    done = start("-m", *program, **environment)
    assert done.returncode == 1
    assert done.stderr == f"error: {MESSAGE.format(where=f'by {tmp_path}/keras.json')}\n"
