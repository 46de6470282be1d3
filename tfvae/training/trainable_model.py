"""The training and evaluation loops under `fit` and `evaluate`, for one device, many or machines.

Keras keeps `compile`, `fit` and the callbacks; only the function that runs steps is replaced:
Keras's own one averages per-replica numbers, draws the same noise on every replica and takes one
step a call only. Losses here are sums over rows divided by the global number of rows.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfvae import coefficients, global_batch, noise
from tfvae.arguments import require_at_least
from tfvae.batch import num_rows
from tfvae.training import averaging, checks, first_batch, gradients, raw_input
from tfvae.training.fused_adam import fuse
from tfvae.training.loop import step_loop
from tfvae.training.players import (
    Player,
    apply_gradients,
    loss_scaled,
    period,
    require_moves,
    require_own_accumulation,
)
from tfvae.training.program import execution_program


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
    # What `fit` reads raw values from; None if it reads examples.
    _raw_input: raw_input.RawInput | None = None

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

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One mean per term, over all examples of all replicas."""
        return list(getattr(self, "_term_means", []))

    def get_compile_config(self) -> dict:
        """Returns the arguments of `compile`."""
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "seed": self.seed,
            "accumulation": self.accumulation,
            "jit_compile": self.jit_compile,
            "averages_in_use": self.averages_in_use,
        }

    def compile_from_config(self, config: dict) -> None:
        """Compiles as `get_compile_config` says."""
        averages_in_use = config.pop("averages_in_use", False)
        self.compile(**keras.saving.deserialize_keras_object(config))
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

    def train_step(self, x: tf.Tensor, phase: int = 0) -> None:
        """Takes one step on this replica's part of the global batch.

        Args:
            x: this replica's rows, [b, ...].
            phase: number of the step, modulo the players' period.
        """
        x = first_batch.examples(x)
        rows = global_batch.rows(x)
        seeds = noise.training_rows(self.seed, self.step, rows.first, rows.local)
        if self._raw_input is not None:
            x = self._raw_input.shown(x, noise.fold_in(seeds, "data"))
        everyone = self.players()
        moving = [player for player in everyone if player.moves_at(phase)]
        batch = gradients.parts(x, seeds, rows, self.accumulation)
        checked: list[tf.Operation] = []
        of_players = gradients.accumulated(
            functools.partial(self._gradients, moving, checked=checked), batch
        )
        with tf.control_dependencies(checked):
            apply_gradients(moving, of_players)
            for player in everyone:
                if not player.moves_at(phase):
                    player.optimizer.iterations.assign_add(1)

    def _gradients(
        self, moving: list[Player], part: gradients.Part, checked: list[tf.Operation]
    ) -> gradients.Gradients:
        """The gradients of one part; the check of its terms is added to `checked`."""
        batch = self.training_batch(part.x, part.seeds, part.first_row)
        everyone = self.players()
        if len(everyone) > 1:
            batch["moving"] = frozenset(player.loss for player in moving)
        with tf.GradientTape(persistent=len(moving) > 1, watch_accessed_variables=False) as tape:
            tape.watch([variable.value for player in moving for variable in player.variables])
            terms = self.objective(**batch, training=True)
            regularisers = gradients.regularisation(self, everyone)
            losses = [
                gradients.mean_loss(terms[player.loss]) + regularisers[player.loss]
                for player in moving
            ]
            scaled = [
                player.optimizer.scale_loss(part.share * loss)
                for player, loss in zip(moving, losses, strict=True)
            ]
        checked.append(checks.assert_finite(terms, self.step))
        self._update_means(terms, some=len(moving) < len(everyone))
        return [
            tape.gradient(loss, [variable.value for variable in player.variables])
            for player, loss in zip(moving, scaled, strict=True)
        ]

    def test_step(self, x: tf.Tensor, step: tf.Tensor) -> None:
        """Adds one evaluation batch to the means; `step` is its number, which fixes its noise."""
        x = first_batch.examples(x)
        rows = global_batch.rows(x)
        seeds = noise.training_rows(self.seed, step, rows.first, rows.local)
        self._update_means(self.objective(x, noise.fold_in(seeds, "evaluation"), training=False))

    def _update_means(self, terms: dict[str, tf.Tensor], some: bool = False) -> None:
        """Adds terms to their means; if `some`, terms may be missing."""
        expected = tuple(name for name in self.term_names if name in terms or not some)
        if tuple(terms) != expected:
            raise ValueError(
                f"{type(self).__name__}.objective returned {tuple(terms)}; its term_names are "
                f"{self.term_names}"
            )
        for mean in self._term_means:
            if mean.name in terms:
                mean.update_state(terms[mean.name])

    def make_train_function(self, force: bool = False):
        """Sets `train_function(iterator)`, which takes `steps_per_execution` steps."""
        if self.train_function is None or force:
            if self._raw_input is not None and self._raw_input.steps is not None:
                self.train_function = self._program_function(self._raw_input.steps)
                return
            # XLA drops the assertion of the step itself.
            check = self._assert_finite_means if self.jit_compile else None
            steps = [
                lambda x, step, phase=phase: self.train_step(x, phase)
                for phase in range(period(self.players()))
            ]
            loop = step_loop(self, steps, after_step=check)
            self.train_function = lambda iterator: loop(iterator, *self._range(0))

    def _program_function(self, steps: int) -> Callable:
        """Returns a function of an iterator whose elements are `steps` batches each."""
        steps_of_phases = [
            functools.partial(self.train_step, phase=phase)
            for phase in range(period(self.players()))
        ]
        program = execution_program(self, steps_of_phases, steps)

        def train(iterator):
            means = program(next(iterator))
            checks.assert_finite(means, self.step - 1)
            return means

        return train

    def make_test_function(self, force: bool = False):
        """Sets `test_function(iterator)`, which takes `steps_per_execution` batches."""
        if self.test_function is not None and not force:
            return
        loop = step_loop(self, [self.test_step])

        def numbered(iterator):
            steps = self._range(self._evaluation_step)
            self._evaluation_step += self.steps_per_execution
            return loop(iterator, *steps)

        self.test_function = numbered

    def _range(self, first: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Numbers of the next execution's steps: from, to. Tensors, so that none is retraced."""
        last = first + self.steps_per_execution
        return tf.constant(first, tf.int64), tf.constant(last, tf.int64)

    def reset_metrics(self) -> None:
        """Resets the means; an evaluation starts at its batch 0 again."""
        super().reset_metrics()
        self._evaluation_step = 0

    def _assert_finite_means(self) -> None:
        means = {mean.name: mean.result() for mean in self._term_means}
        checks.assert_finite(means, self.step - 1)

    def fit(self, x=None, *args, **kwargs):
        """Trains as `keras.Model.fit` does, on batches of examples (labels are ignored).

        Raises:
            ValueError: if the first batch does not suit the model, or a reader meets bad data.
            NonFiniteLossError: naming the step and the terms that broke.
        """
        if isinstance(x, raw_input.RawInput):
            return self._fit_raw(x, *args, **kwargs)
        streams = (tf.data.Dataset, tf.distribute.DistributedDataset, types.GeneratorType)
        if isinstance(x, streams):
            kwargs.setdefault("shuffle", False)  # Keras would warn that it cannot
        validation = kwargs.get("validation_data")

        def check(first):
            self.check_data(first)
            rows = num_rows(first)
            batch_size = kwargs.get("batch_size") or (rows if isinstance(x, streams) else 32)
            self.check_batch_size(min(rows, batch_size))

        with checks.readable_errors():
            x = first_batch.checked(x, check)
            if isinstance(validation, tuple):
                first_batch.checked(validation[0], self.check_data)
            elif validation is not None:
                kwargs["validation_data"] = first_batch.checked(validation, self.check_data)
            with averaging.training_weights(self):
                return super().fit(x, *args, **kwargs)

    def _fit_raw(self, given: raw_input.RawInput, *args, **kwargs):
        self._raw_input, self.train_function = given, None
        try:
            with checks.readable_errors(self.term_names), averaging.of_fit(self):
                return super().fit(given.batches, *args, shuffle=False, **kwargs)
        finally:
            self._raw_input, self.train_function = None, None

    def evaluate(self, x=None, *args, **kwargs):
        """Returns the mean terms as `keras.Model.evaluate` does."""
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
