"""An execution of several training steps as one XLA program."""

from collections.abc import Callable, Sequence

import tensorflow as tf


def execution_program(model, step_functions: Sequence[Callable], steps: int) -> Callable:
    """Returns a function (batches [steps, B, ...]) that takes `steps` steps in one program.

    It ends early at a step after which a mean term is not finite. No Python and no input runs
    between two steps, and their variables stay in the program's memory.

    Args:
        model: a compiled `TrainableModel` on one device.
        step_functions: functions of a batch, taken in turn.
        steps: steps of an execution.
    """
    step_functions = [tf.autograph.experimental.do_not_convert(f) for f in step_functions]

    @tf.function(jit_compile=True, autograph=False)
    def program(batches):
        def goes_on(number):
            means = tf.stack([mean.result() for mean in model.metrics])
            return (number < steps) & tf.reduce_all(tf.math.is_finite(means))

        def step(number):
            # A slice from a number that varies would be a constant of the program: XLA would
            # compile every execution anew. A gather is none.
            batch = tf.nest.map_structure(lambda rows: tf.gather(rows, number), batches)
            if len(step_functions) == 1:
                step_functions[0](batch)
            else:
                calls = [lambda f=f: f(batch) for f in step_functions]
                tf.switch_case(tf.cast(model.step % len(calls), tf.int32), calls)
            return number + 1

        tf.while_loop(goes_on, step, [tf.constant(0)], parallel_iterations=1)
        return {mean.name: mean.result() for mean in model.metrics}

    return program
