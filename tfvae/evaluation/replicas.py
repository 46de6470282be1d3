"""Distributes rows of data over the replicas of a model's strategy."""

from collections.abc import Callable

import tensorflow as tf


def strategy_of(model) -> tf.distribute.Strategy:
    """Returns the strategy that `model` was created under."""
    return getattr(model, "distribute_strategy", None) or tf.distribute.get_strategy()


def compiled(model, key: tuple, function: Callable, jit_compile: bool = False) -> Callable:
    """Returns `function` compiled to run on every replica, and caches it in the model.

    Args:
        model: the model; `function` may read its variables.
        key: identifies the function among those of the model.
        function: rows, and other tensors, to rows.
        jit_compile: whether XLA compiles it (one device only).

    Raises:
        ValueError: if `jit_compile` is used with several replicas.
    """
    if jit_compile and strategy_of(model).num_replicas_in_sync > 1:
        raise ValueError("jit_compile is True; XLA compiles for one device only: leave it out")
    key = (*key, jit_compile)
    functions = model.__dict__.setdefault("_evaluation_functions", {})
    if key not in functions:
        strategy = strategy_of(model)
        functions[key] = tf.function(
            lambda *tensors: strategy.run(function, args=tensors),
            reduce_retracing=not jit_compile,
            jit_compile=jit_compile or None,
            autograph=False,  # there is no Python control flow over tensors
        )
    return functions[key]


def share_out(strategy: tf.distribute.Strategy, rows):
    """Splits `rows` [B, ...], or a dictionary of such, into equal parts, one on each replica.

    If B is not a multiple, the last row is repeated, so that all parts have the same shape.
    """
    replicas = strategy.num_replicas_in_sync
    if replicas == 1:
        return rows

    def shared(tensor):
        each = -(-tensor.shape[0] // replicas)
        numbers = tf.minimum(tf.range(each * replicas), tensor.shape[0] - 1)
        parts = tf.split(tf.gather(tensor, numbers), replicas)
        return strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group]
        )

    return tf.nest.map_structure(shared, rows)


def collect(strategy: tf.distribute.Strategy, parts: tf.Tensor, num_rows: int) -> tf.Tensor:
    """Returns the first `num_rows` rows of the replicas' parts, in order."""
    if strategy.num_replicas_in_sync == 1:
        return parts
    return strategy.gather(parts, axis=0)[:num_rows]
