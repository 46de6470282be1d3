"""The compiled loop over steps."""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf


def step_loop(model, step_functions: Sequence[Callable], after_step: Callable | None = None):
    """Returns a function (iterator, first, last) that takes steps and returns the mean terms.

    Args:
        model: a `TrainableModel`; its `jit_compile`, `run_eagerly` and strategy say how.
        step_functions: functions (x, step) of one replica, taken in turn by the steps taken.
        after_step: what is called after each step, outside of the replicas.
    """
    # A step has no Python control flow over tensors; converting it would take seconds.
    step_functions = [tf.autograph.experimental.do_not_convert(f) for f in step_functions]
    if model.jit_compile:
        step_functions = [tf.function(f, jit_compile=True) for f in step_functions]

    def take_step(*args):
        run = model.distribute_strategy.run
        calls = [functools.partial(run, function, args=args) for function in step_functions]
        if len(calls) == 1:
            calls[0]()
        else:
            tf.switch_case(tf.cast(model.step % len(calls), tf.int32), calls)

    def loop(iterator, first, last):
        for step in tf.range(first, last):
            take_step(next(iterator), step)
            if after_step is not None:
                after_step()
        return {mean.name: mean.result() for mean in model.metrics}

    if model.run_eagerly:
        return loop
    return tf.function(loop, jit_compile=False, reduce_retracing=True)
