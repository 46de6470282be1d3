import numpy as np
import tensorflow as tf

from tfvae.distributions.softplus import series, softplus

X = np.float32(np.concatenate([np.linspace(-30, 30, 6001), [-200.0, -90.0, 0.0, 90.0, 200.0]]))


def test_series_is_softplus_and_its_gradient_sigmoid():
    exact = np.logaddexp(0.0, X.astype(np.float64))
    value = tf.function(series, jit_compile=True)(X).numpy()
    assert np.max(np.abs(value - exact) / np.maximum(exact, 1e-30)) < 5e-7
    with tf.GradientTape() as outer:
        x = tf.constant(X)
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = series(x)
        first = tape.gradient(value, x)
    sigmoid = 1.0 / (1.0 + np.exp(-X.astype(np.float64)))
    np.testing.assert_allclose(first, sigmoid, rtol=1e-6, atol=1e-37)
    np.testing.assert_allclose(outer.gradient(first, x), sigmoid * (1 - sigmoid), atol=1e-6)


def test_xla_takes_the_series_and_other_graphs_do_not():
    def operations(**kwargs):
        function = tf.function(softplus, **kwargs)
        graph = function.get_concrete_function(tf.TensorSpec([None], tf.float32)).graph
        return {operation.type for operation in graph.get_operations()}

    assert "Softplus" in operations()
    assert "Softplus" not in operations(jit_compile=True)
