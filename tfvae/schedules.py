"""Schedules: coefficients that change with the step (coefficients may be numbers too)."""

import dataclasses
from typing import TypeAlias

import keras
import tensorflow as tf

from tfvae.arguments import require_positive


@keras.saving.register_keras_serializable("tfvae")
@dataclasses.dataclass(frozen=True)
class Linear:
    """From `start` to `end` over `steps` steps, then `end` (Bowman et al. 2016, KL warm-up).

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
    """The linear ramp over and over (Fu et al. 2019, arXiv:1903.10145).

    Attributes:
        period: steps of a cycle, of which the ramp takes the first `steps`.
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
