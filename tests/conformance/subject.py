"""A registered model, trained once, for most promises of the conformance tests."""

import functools
import pathlib

import keras
import numpy as np

import tfvae
from tests.conformance.entries import Entry
from tests.conformance.registry import trained
from tfvae.training.checkpoints import Checkpoints

HALF, WHOLE, LAST = 5, 10, 151  # steps
SNAPSHOTS = (1, 3, HALF, WHOLE, LAST)

State = list[np.ndarray]


def variables(model) -> list[keras.Variable]:
    """Returns the weights and the variables of every player's optimizer."""
    return [*model.weights, *(v for p in model.players() for v in p.optimizer.variables)]


def state(model) -> State:
    """Returns the values of `variables`."""
    return [np.array(variable) for variable in variables(model)]


def set_state(model, values: State) -> None:
    """Assigns values returned by `state`."""
    for variable, value in zip(variables(model), values, strict=True):
        variable.assign(value)


class Subject:
    """The results of one uninterrupted run of an entry: states, a checkpoint, a file, an export.

    Each part is made when a test first needs it.

    Args:
        entry: the registered model.
        folder: an empty directory.

    Attributes:
        checkpoints: directory with the checkpoint of step `HALF`.
        file: .keras file of step `HALF`.
    """

    def __init__(self, entry: Entry, folder: pathlib.Path):
        self.entry, self.folder = entry, folder
        self.checkpoints, self.file = folder / "checkpoints", folder / "model.keras"

    def compiled(self, **settings):
        """Returns a new model, compiled like that of the run."""
        model = self.entry.make()
        model.compile(keras.optimizers.Adam(3e-3), **{"seed": 0, **settings})
        return model

    @functools.cached_property
    def untrained(self):
        """A model that is not trained."""
        return self.entry.make()

    @functools.cached_property
    def bfloat16(self):
        """A model with networks that compute in bfloat16."""
        return self.entry.make(dtype="mixed_bfloat16")

    @functools.cached_property
    def _run(self):
        model, states = self.compiled(), {}

        def after_step(batch, logs):
            step = int(model.step)
            if step in SNAPSHOTS:
                states[step] = state(model)
            if step == HALF:
                Checkpoints(model, self.checkpoints).save()
                model.save(self.file)

        model.fit(
            self.entry.batches(),
            steps_per_epoch=LAST,
            verbose=0,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=after_step)],
        )
        return model, states

    @property
    def states(self) -> dict[int, State]:
        """State of the run by step."""
        return self._run[1]

    def at(self, step: int):
        """Returns the run's model in the state of a step of `SNAPSHOTS`."""
        model, states = self._run
        set_state(model, states[step])
        return model

    @functools.cached_property
    def _second(self):
        model = self.compiled()
        return model, state(model)

    def second(self):
        """Returns a second model, compiled and in its initial state, with a trace of its own."""
        self.at(HALF)  # makes sure that the run has taken place
        model, initial = self._second
        set_state(model, initial)
        return model

    def go_on(self, model, steps: int):
        """Takes steps from the model's step on, on the data of the run; returns the model."""
        return trained(model, steps, data=self.entry.batches(int(model.step)))

    @functools.cached_property
    def export(self) -> pathlib.Path:
        """Path of the exported model of step 3; TensorFlow's C API has run every signature."""
        return tfvae.export(
            self.at(3),
            self.folder / "export",
            log_likelihood_samples=16,  # two chunks
            subsets=self.entry.subsets,
        )

    def require_same(self, left: State, right: State) -> None:
        """Checks that two traces of the same steps gave the same state, bit for bit."""
        for a, b in zip(left, right, strict=True):
            if self.entry.rounding:
                np.testing.assert_allclose(a, b, atol=self.entry.rounding)
            else:
                np.testing.assert_array_equal(a, b)
