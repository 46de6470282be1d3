"""A user's own experiment at the prompt: a config, a helper and classes beside it, mistakes."""

import json

import pytest

from tests import programs

CONFIG = """
import units
from trainers.configs import default

def get_config():
    config = default.get_config()
    config.steps, config.batch_size, config.log_every = 2, 4, 2
    config.model = {
        "name": "own.Model",
        "encoder": {"name": "own.Network", "units": units.HIDDEN},
        "decoder": {"name": "own.Network", "units": units.HIDDEN, "inputs": [2]},
        "posterior": {"name": "own.Posterior"},
        "likelihood": {"name": "own.Likelihood"},
        "prior": {"name": "own.Prior"},
        "scale": 2.0,
    }
    config.data = {"name": "own.Ramps", "rows": "12"}
    config.optimizer = {"name": "SGD", "learning_rate": 0.01}
    return config
"""
OWN = """
import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

import tfvae

class Ramps(tfvae.data.Dataset):
    def __init__(self, rows):
        self.num_examples, self.image_shape = int(rows), (2, 2, 1)

    def gather(self, indices):
        return tf.cast(indices[:, None, None, None] % 2, tf.float32) * tf.ones([1, 2, 2, 1])

class Network(keras.Sequential):
    def __init__(self, units, inputs=(2, 2, 1)):
        super().__init__([keras.Input(inputs), keras.layers.Flatten(), keras.layers.Dense(units)])

class Posterior:
    params_size = 4
    def __call__(self, params):
        return tfd.MultivariateNormalDiag(params[..., :2], tf.exp(params[..., 2:]))

class Likelihood:
    def __call__(self, params):
        shape = tf.concat([tf.shape(params)[:-1], [2, 2, 1]], axis=0)
        return tfd.Independent(tfd.Normal(tf.reshape(params, shape), 1.0), 3)

class Prior:
    def __call__(self):
        return tfd.MultivariateNormalDiag(tf.zeros([2]), tf.ones([2]))

class Model(tfvae.VAE):
    def __init__(self, *args, scale, **kwargs):
        super().__init__(*args, **kwargs)
        self.scale = scale

    def objective(self, x, seeds, training):
        bound = self.bound(x, seeds, training)
        return self.terms(bound, self.scale * bound.elbo)
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in (("mine", CONFIG), ("own", OWN), ("units", "HIDDEN = 4\n")):
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def train(folder, *flags):
    return programs.run(
        "trainers.train", f"--config={folder}/mine.py", f"--workdir={folder}/run", *flags
    )


def test_every_part_may_be_a_class_beside_the_config(folder):
    done = train(folder, "--config.data.rows=16")
    assert done.returncode == 0, done.stderr
    assert "own.Model of 32 parameters on own.Ramps, 16 examples; 2 steps" in done.stdout
    done = programs.run("trainers.evaluate", f"--workdir={folder}/run", "--num_samples=3")
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "run/results.json").read_text())["log_likelihood"] < 0
    flags = [f"--workdir={folder}/run", f"--model_base_path={folder}/exports/mine"]
    done = programs.run("trainers.export", *flags)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("mine.py", "units.HIDDEN}", "hidden}", r"NameError: name 'hidden' is not defined"),
        ("mine.py", '"rows": "12"}', '"rows": "12"', "SyntaxError"),
        ("mine.py", "2, 4, 2", "2, float('four')", r"could not convert string to float: 'four'"),
        ("mine.py", "2, 4, 2", "2, open('gone')", r"No such file or directory: 'gone'"),
        ("mine.py", "2, 4, 2", "2, {}['key']", r"KeyError: 'key'"),
        ("units.py", "HIDDEN = 4", "HIDDEN = 4 / 0", r"ZeroDivisionError: division by zero"),
        ("own.py", "int(rows)", "int(rows + 'x')", r"invalid literal for int() with base 10"),
    ],
)
def test_mistakes_in_own_code_are_shown_with_file_and_line(folder, file, old, new, message):
    path = folder / file
    text = path.read_text()
    line = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1))
    done = train(folder)
    assert done.returncode == 1
    assert message in done.stderr
    assert f'{file}", line {line}' in done.stderr or f"{file}, line {line}, in" in done.stderr
    assert "trainers/" not in done.stderr and not (folder / "run").exists()
