"""Checks the first batch before the first step, so that mistakes in the data show early."""

import itertools
import types
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfvae.batch import as_tensors


def examples(batch):
    """Returns the x of a batch x, (x,) or (x, y)."""
    return batch[0] if isinstance(batch, (tuple, list)) else batch


def checked(x, check: Callable[[Any], None]):
    """Calls `check` on the first batch of `x`, any input of `fit` (all of an array); returns x."""
    if isinstance(x, types.GeneratorType):
        first = next(x)  # chained in front again below
        check(examples(first))
        return (batch for batch in itertools.chain([first], x))
    if isinstance(x, keras.utils.PyDataset):
        check(examples(x[0]))
    elif isinstance(x, tf.data.Dataset):
        for batch in x.take(1):
            check(examples(batch))
    elif not isinstance(x, tf.distribute.DistributedDataset) and x is not None:
        check(as_tensors(x))
    return x
