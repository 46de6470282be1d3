"""The training and evaluation loops under `fit` and `evaluate`, for one device, many or machines.

Keras keeps `compile`, `fit` and the callbacks; only the function that runs steps is replaced:
Keras's own one averages per-replica numbers, draws the same noise on every replica and takes one
step a call only. Losses here are sums over rows divided by the global number of rows.
"""

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tfvae import coefficients, noise
from tfvae.arguments import require_at_least
from tfvae.batch import num_rows
from tfvae.training import (
    averaging,
    checks,
    execution,
    first_batch,
    freezing,
    learning_rates,
    raw_input,
    steps,
)
from tfvae.training.fused_adam import fuse
from tfvae.training.players import (
    Player,
    loss_scaled,
    require_moves,
    require_own_accumulation,
)


class TrainableModel(keras.Model):
    """A model with an objective per example; subclasses implement `objective`.

    Attributes:
        term_names: names of the terms that `objective` returns, "loss" first.
        min_batch_size: rows that the global batch must have for what couples them.
        averages_in_use: whether the weights are the averages that an optimizer keeps of them.
    """

    term_names: tuple[str, ...] = ("loss",)
    min_batch_size: int = 1
    # Keras's own, untyped there.
    train_function: Callable | None
    test_function: Callable | None
    steps_per_execution: int
    averages_in_use: bool
    # How `fit` makes examples of the raw values that it reads (None: it reads examples), and
    # whether it reads several steps at a time.
    _shown: Callable | None = None
    _grouped: bool = False

    def __setattr__(self, name: str, value) -> None:
        """Sets an attribute; a coefficient past Keras, which would make a weight of a variable."""
        if isinstance(getattr(type(self), name, None), coefficients.Coefficient):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def coefficients(self) -> dict[str, Any]:
        """What the model's coefficients were set to, by name: numbers or schedules."""
        return coefficients.given(self)

    def retrace(self) -> None:
        """Compiles the steps anew; call it after a change that a compiled step cannot see."""
        for function, make in (
            (self.train_function, self.make_train_function),
            (self.test_function, self.make_test_function),
        ):
            if function is not None:
                make(force=True)

    def objective(self, x, seeds: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        """Returns the terms of one batch by name, each [B] in nats, "loss" to be minimised.

        In training, a model of several players gets one more argument, `moving`: a frozenset of
        the losses of the players that move in this step. The terms of the others may be left out;
        their means then keep their values.

        Args:
            x: this replica's examples, [B, ...], or a dictionary of such.
            seeds: int64 [B, 2], one row of noise per example (`tfvae.noise`).
            training: whether this is a training step.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `objective`")

    def check_data(self, x) -> None:
        """Raises ValueError for a batch that the model cannot learn from; called on the first."""

    def check_batch_size(self, batch_size: int) -> None:
        """Raises ValueError for a global batch too small to learn from."""
        self.require_compiled()
        parts, replicas = self.accumulation, self.distribute_strategy.num_replicas_in_sync
        if batch_size < parts * replicas:
            raise ValueError(
                f"batch_size is {batch_size}; {replicas} replicas and accumulation {parts} need at "
                f"least {parts * replicas}, a row for each: raise batch_size or take fewer"
            )
        if batch_size < parts * self.min_batch_size:
            raise ValueError(
                f"batch_size is {batch_size}; {type(self).__name__} needs at least "
                f"{self.min_batch_size}, since its loss couples the rows of a batch"
                + (f", in each of {parts} parts (accumulation)" if parts > 1 else "")
            )

    @property
    def step(self) -> tf.Tensor:
        """Training steps taken, an int64 scalar; 0 before `compile`."""
        optimizer = getattr(self, "optimizer", None)
        steps = 0 if optimizer is None else optimizer.iterations.value
        return tf.convert_to_tensor(steps, tf.int64)

    def compile(
        self,
        optimizer="adam",
        *,
        seed: int = 0,
        accumulation: int = 1,
        jit_compile: bool = False,
        steps_per_execution: int = 1,
        run_eagerly: bool = False,
    ) -> None:
        """Prepares for training: builds the optimizer and the mean of every term.

        Args:
            optimizer: a Keras optimizer, its name or its configuration. One with `use_ema` keeps
                averages of the weights, which the model has whenever `fit` does not run.
            seed: the run's seed; all noise of training is a function of it.
            accumulation: parts that a replica's rows are taken in, one after another, to save
                memory. A step's gradient is that of the whole batch; what couples rows (and batch
                normalisation) sees a part.
            jit_compile: whether XLA compiles the step (one device only).
            steps_per_execution: steps per call of the compiled function; it must divide
                `steps_per_epoch`.
            run_eagerly: whether to run without compiling, for debugging.

        Raises:
            ValueError: if the model's networks are not built yet, or for an optimizer that
                accumulates by itself.
        """
        require_at_least(1, accumulation=accumulation)
        if not self.built:
            raise ValueError(
                f"{self.name} is not built: give networks of known input shape, or call it on a "
                "batch once before compile"
            )
        noise.require_seed(seed)
        checks.require_wide_floats(self)
        with self.distribute_strategy.scope():
            super().compile(
                optimizer=loss_scaled(self, optimizer),
                jit_compile=jit_compile,
                steps_per_execution=steps_per_execution,
                run_eagerly=run_eagerly,
            )
            require_moves(self.players())
            for player in self.players():
                require_own_accumulation(player.optimizer)
                player.optimizer.build(player.variables)
                fuse(player.optimizer)
            self._term_means = [keras.metrics.Mean(name=name) for name in self.term_names]
        self.seed = seed
        self.accumulation = accumulation
        self.averages_in_use = False
        self._evaluation_step = 0
        self._functions: dict[tuple, Callable] = {}
        self._frozen = tuple(freezing.frozen(self))

    def require_compiled(self) -> None:
        """Raises ValueError if `compile` was not called."""
        if not self.compiled:
            raise ValueError(
                f"{self.name} is not compiled, so that there is no optimizer; compile first, such "
                "as by model.compile(keras.optimizers.Adam(1e-3))"
            )

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One mean per term, over all examples of all replicas."""
        return list(getattr(self, "_term_means", []))

    def get_compile_config(self) -> dict | None:
        """Returns the arguments of `compile`; None if it was not called."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "seed": self.seed,
            "accumulation": self.accumulation,
            "jit_compile": self.jit_compile,
            "averages_in_use": self.averages_in_use,
            "frozen": list(self._frozen),
        }

    def compile_from_config(self, config: dict) -> None:
        """Compiles as `get_compile_config` says."""
        averages_in_use = config.pop("averages_in_use", False)
        frozen = freezing.frozen(self)
        # The optimizer has variables for what was not frozen when it was made.
        freezing.freeze(self, config.pop("frozen", frozen))
        self.compile(**keras.saving.deserialize_keras_object(config))
        freezing.freeze(self, frozen)
        self.averages_in_use = averages_in_use

    def players(self) -> list[Player]:
        """Returns the players; one that minimises "loss" unless a subclass has more."""
        return [Player("loss", self.optimizer, self.trainable_variables)]

    def training_batch(self, x: tf.Tensor, seeds: tf.Tensor, first_row: tf.Tensor) -> dict:
        """Returns the arguments of `objective` in training; a subclass may split the batch.

        Args:
            x: this replica's rows, [b, ...].
            seeds: int64 [b, 2].
            first_row: global number of the first of them, a scalar.
        """
        del first_row
        return {"x": x, "seeds": seeds}

    def train_step(self, x, phase: int = 0, shown: Callable | None = None) -> None:
        """Takes one step on this replica's part of the global batch.

        Args:
            x: this replica's rows, [b, ...].
            phase: number of the step, modulo the players' period.
            shown: makes examples of raw rows and their seeds; None if `x` are examples.
        """
        steps.train(self, x, phase, shown)

    def test_step(self, x, number: tf.Tensor) -> None:
        """Adds one evaluation batch to the means; its `number` determines its noise."""
        steps.evaluate(self, x, number)

    def make_train_function(self, force: bool = False):
        """Sets `train_function(iterator)`, which takes `steps_per_execution` steps."""
        if force:
            self._functions.clear()
        # Everything that a compiled function depends on: a later `fit` reuses it.
        key = self._shown, self._grouped, self.jit_compile, self.run_eagerly
        if key not in self._functions:
            make = execution.program if self._grouped else execution.loop
            self._functions[key] = make(self, self._shown)
        self.train_function = self._functions[key]

    def make_test_function(self, force: bool = False):
        """Sets `test_function(iterator)`, which takes `steps_per_execution` batches."""
        if self.test_function is not None and not force:
            return
        function = execution.evaluation_loop(self)

        def numbered(iterator):
            first = self._evaluation_step
            self._evaluation_step += self.steps_per_execution
            return function(iterator, first)

        self.test_function = numbered

    def reset_metrics(self) -> None:
        """Resets the means; an evaluation starts at its batch 0 again."""
        super().reset_metrics()
        self._evaluation_step = 0

    def fit(self, x=None, *args, **kwargs):
        """Trains as `keras.Model.fit` does, on batches of examples (labels are ignored).

        `x` may be a `tfvae.training.raw_input.RawInput` too, such as the batches of a data set in
        groups, each of which XLA runs as one program. With `jit_compile` and `steps_per_execution`,
        batches of a `tf.data.Dataset` are grouped here if their shapes are static and
        `steps_per_epoch` is given; a line of the logger "tfvae" says so.

        Raises:
            ValueError: if the first batch does not suit the model, or a reader meets bad data.
            NonFiniteLossError: if a term is not finite (the message names the step and the terms).
        """
        self.require_compiled()
        given = raw_input.given_to_fit(self, x, kwargs)
        x = given.batches
        streams = (tf.data.Dataset, tf.distribute.DistributedDataset, types.GeneratorType)
        if isinstance(x, streams):
            kwargs.setdefault("shuffle", False)  # Keras would warn that it cannot
        validation = kwargs.get("validation_data")

        def check(first):
            first = given.first_examples(first, self.seed)
            self.check_data(first)
            rows = num_rows(first)
            batch_size = kwargs.get("batch_size") or (rows if isinstance(x, streams) else 32)
            self.check_batch_size(min(rows, batch_size))

        with checks.readable_errors(), self.reading(given):
            x = first_batch.checked(x, check)
            if isinstance(validation, tuple):
                first_batch.checked(validation[0], self.check_data)
            elif validation is not None:
                kwargs["validation_data"] = first_batch.checked(validation, self.check_data)
            kwargs["callbacks"] = learning_rates.with_proportions(self, kwargs.get("callbacks"))
            with averaging.training_weights(self):
                return super().fit(x, *args, **kwargs)

    @contextlib.contextmanager
    def reading(self, given: raw_input.RawInput) -> Iterator[None]:
        """Makes training functions for input of this kind."""
        self._shown, self._grouped = given.shown, given.steps is not None
        try:
            yield
        finally:
            self._shown, self._grouped = None, False

    def evaluate(self, x=None, *args, **kwargs):
        """Returns the mean terms as `keras.Model.evaluate` does."""
        self.require_compiled()
        with averaging.averaged_weights(self, in_use=True):
            if kwargs.get("_use_cached_eval_dataset"):  # called by `fit`, which has prepared it
                return super().evaluate(x, *args, **kwargs)
            steps, self.steps_per_execution = self.steps_per_execution, 1  # no batch left over
            try:
                with checks.readable_errors():
                    x = first_batch.checked(x, self.check_data)
                    return super().evaluate(x, *args, **kwargs)
            finally:
                self.steps_per_execution = steps

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Replaces Keras's: the model was built by its constructor, on every strategy."""
