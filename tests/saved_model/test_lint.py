import re

import numpy as np
import pytest
import tensorflow as tf

from tfvae.saved_model.c_api import read_meta_graph
from tfvae.saved_model.lint import ExportError, lint

GENERATOR = tf.random.Generator.from_seed(0)


def python(x):
    return tf.numpy_function(lambda a: a, [x], tf.float32)


def random(x):
    return x + tf.random.normal(tf.shape(x))


def generator(x):
    return x + GENERATOR.normal(tf.shape(x))


def dropout(x):
    return tf.nn.dropout(x, 0.5)


def shuffle(x):
    return tf.random.shuffle(x)


def inside_a_loop(x):
    return tf.while_loop(lambda y: tf.reduce_sum(y) < 1, lambda y: [random(y)], [x])[0]


def stateless(x):
    return x + tf.random.stateless_normal(tf.shape(x), [1, 2])


def save(function, path):
    module = tf.Module()
    module.generator = GENERATOR
    spec = tf.TensorSpec([None], tf.float32, "x")
    functions = {
        name: tf.function(inner, autograph=False).get_concrete_function(spec)
        for name, inner in (("serving_default", tf.exp), ("suspect", function))
    }
    tf.saved_model.save(module, str(path), signatures=functions)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (python, r"operation \S+ \(PyFunc\) runs Python"),
        (random, r"operation \S+ \(RandomStandardNormal\) draws from a hidden state"),
        (generator, r"operation \S+ \(RngReadAndSkip\) draws from a hidden state"),
        (dropout, r"operation \S+ \(RandomUniform\) draws from a hidden state"),
        (shuffle, r"operation \S+ \(RandomShuffle\) draws from a hidden state"),
        (inside_a_loop, r"operation \S+ \(RandomStandardNormal\) draws from a hidden state"),
        (tf.function(tf.exp, jit_compile=True), r".* must be compiled by XLA.*drop jit_compile"),
    ],
)
def test_what_no_server_runs_is_named_with_its_signature(function, message, tmp_path):
    save(function, tmp_path)
    with pytest.raises(ExportError, match=f"signature suspect: {message}"):
        lint(read_meta_graph(tmp_path))


def test_every_problem_is_reported_once(tmp_path):
    module = tf.Module()
    specs = [tf.TensorSpec([3], tf.float64, "x")]
    function = tf.function(lambda x: {"y": random(tf.cast(x, tf.float32)), "z": x}, specs)
    tf.saved_model.save(module, str(tmp_path), signatures={"encode": function})
    with pytest.raises(ExportError) as error:
        lint(read_meta_graph(tmp_path))
    lines = str(error.value).splitlines()
    assert sum("draws from a hidden state" in line for line in lines) == 1
    for expected in (
        r"signature encode: input x is float64 \[3\]; its first axis is not a batch",
        r"signature encode: input x is float64 \[3\]; exports have float32 and integers",
        r"signature encode: output y is float32 \[3\]; its first axis",
        r"signature serving_default is missing",
    ):
        assert sum(bool(re.match(expected, line)) for line in lines) == 1, expected


def test_stateless_noise_passes(tmp_path):
    save(stateless, tmp_path)
    lint(read_meta_graph(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert np.isfinite(loaded.signatures["suspect"](x=tf.zeros(3))["output_0"]).all()
