"""Schedules: values for coefficients that change with the step."""

import dataclasses
from typing import TypeAlias

import keras
import tensorflow as tf

from tfvae.arguments import require_positive


@keras.saving.register_keras_serializable("tfvae")
@dataclasses.dataclass(frozen=True)
class Linear:
    """A linear ramp from `start` to `end`, then `end` (KL warm-up: Bowman et al. 2016).

    Attributes:
        start: value at step 0.
        end: value from step `steps` on.
        steps: length of the ramp, above 0.
    """

    start: float
    end: float
    steps: int

    def __post_init__(self):
        require_positive("steps", self.steps)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the value at `step`, a float32 scalar."""
        fraction = tf.minimum(tf.cast(step, tf.float32) / float(self.steps), 1.0)
        return self.start + (self.end - self.start) * fraction

    def get_config(self) -> dict:
        """Returns the constructor's arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict):
        """Returns the schedule of `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("tfvae")
@dataclasses.dataclass(frozen=True)
class Cyclical(Linear):
    """A linear ramp that repeats (Fu et al. 2019, arXiv:1903.10145).

    Attributes:
        period: length of a cycle in steps; the ramp is its first `steps`.
    """

    period: int

    def __post_init__(self):
        super().__post_init__()
        if self.period < self.steps:
            raise ValueError(f"period is {self.period}; it must be at least steps, {self.steps}")

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the value at `step`, a float32 scalar."""
        return super().__call__(tf.cast(step, tf.int64) % self.period)


NumberOrSchedule: TypeAlias = float | Linear  # what a coefficient may be set to
