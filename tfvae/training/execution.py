"""Executions: several steps per call of a compiled function, on one device or many.

`loop` is a TensorFlow loop over an iterator's batches. `program` is one XLA program over a group of
batches: no Python, no input and no launch of an operation stands between two of its steps.
"""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from tfvae.training import checks
from tfvae.training.players import period


def loop(model, shown: Callable | None) -> Callable:
    """Returns a function of an iterator that takes `steps_per_execution` training steps.

    Args:
        model: a compiled `TrainableModel`.
        shown: makes examples of raw rows and their seeds; None if batches are examples.
    """
    # XLA drops the assertion of the step itself.
    check = functools.partial(_assert_finite_means, model) if model.jit_compile else None
    steps = [
        lambda x, number, phase=phase: model.train_step(x, phase, shown) for phase in _phases(model)
    ]
    function = _loop(model, steps, after_step=check)
    return lambda iterator: function(iterator, *_numbers(model, 0))


def evaluation_loop(model) -> Callable:
    """Returns a function of an iterator and the number of the next batch, that evaluates."""
    function = _loop(model, [model.test_step])
    return lambda iterator, first: function(iterator, *_numbers(model, first))


def _phases(model) -> range:
    return range(period(model.players()))


def _numbers(model, first: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Numbers of an execution's steps: from, to. Tensors, so that none is retraced."""
    last = first + model.steps_per_execution
    return tf.constant(first, tf.int64), tf.constant(last, tf.int64)


def _loop(model, step_functions: Sequence[Callable], after_step: Callable | None = None):
    """Returns a function (iterator, first, last) that takes steps and returns the mean terms.

    Args:
        model: a `TrainableModel`; its `jit_compile`, `run_eagerly` and strategy apply.
        step_functions: functions (x, number) of one replica, taken in turn.
        after_step: called after each step, outside of the replicas.
    """
    # A step has no Python control flow over tensors; converting it would take seconds.
    step_functions = [tf.autograph.experimental.do_not_convert(f) for f in step_functions]
    if model.jit_compile:
        step_functions = [tf.function(f, jit_compile=True) for f in step_functions]

    def take_step(*args):
        run = model.distribute_strategy.run
        _in_turn(model, [functools.partial(run, f, args=args) for f in step_functions])

    def steps(iterator, first, last):
        for number in tf.range(first, last):
            take_step(next(iterator), number)
            if after_step is not None:
                after_step()
        return _means(model)

    if model.run_eagerly:
        return steps
    return tf.function(steps, jit_compile=False, reduce_retracing=True)


def _in_turn(model, calls: Sequence[Callable]) -> None:
    """Makes the call of the current step's phase."""
    if len(calls) == 1:
        calls[0]()
    else:
        tf.switch_case(tf.cast(model.step % len(calls), tf.int32), calls)


def program(model, shown: Callable | None) -> Callable:
    """Returns a function of an iterator over groups of batches that takes a step on each batch.

    It ends at the first step after which a mean term is not finite, and raises. The arguments are
    those of `loop`.
    """
    run = _group_program(model, shown)

    def execution(iterator):
        group = next(iterator)
        means = run(group, tf.constant(model.steps_per_execution))
        checks.assert_finite(means, model.step - 1)
        return means

    return execution


def _group_program(model, shown: Callable | None) -> Callable:
    """Returns an XLA program of a group of batches, [steps, B, ...], and a number of steps.

    One device only. The variables of the steps stay in the program's memory.
    """
    step_functions = [
        tf.autograph.experimental.do_not_convert(
            functools.partial(model.train_step, phase=phase, shown=shown)
        )
        for phase in _phases(model)
    ]

    @tf.function(jit_compile=True, autograph=False)
    def steps(group, count):
        def unfinished(number):
            means = tf.stack(list(_means(model).values()))
            return (number < count) & tf.reduce_all(tf.math.is_finite(means))

        def step(number):
            # XLA would compile a slice that begins at a variable number for every number anew.
            batch = tf.nest.map_structure(lambda rows: tf.gather(rows, number), group)
            _in_turn(model, [functools.partial(f, batch) for f in step_functions])
            return number + 1

        tf.while_loop(unfinished, step, [tf.constant(0)], parallel_iterations=1)
        return _means(model)

    return steps


def _means(model) -> dict[str, tf.Tensor]:
    return {mean.name: mean.result() for mean in model.metrics}


def _assert_finite_means(model) -> None:
    checks.assert_finite(_means(model), model.step - 1)
