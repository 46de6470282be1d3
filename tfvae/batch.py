"""Batches of examples: a tensor [B, ...] or a dictionary of tensors, one row per example."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf


def num_rows(batch) -> int:
    """Returns the number of examples B."""
    return len(tf.nest.flatten(batch)[0])


def as_tensors(batch):
    """Returns the batch as a tensor or a dictionary of tensors."""
    if isinstance(batch, Mapping):
        return tf.nest.map_structure(tf.convert_to_tensor, dict(batch))
    return tf.convert_to_tensor(batch)


def as_arrays(batch):
    """Returns the batch as a float32 array or a dictionary of arrays."""
    if isinstance(batch, Mapping):
        return tf.nest.map_structure(np.asarray, dict(batch))
    return np.asarray(batch, np.float32)


def take(batch, part: slice):
    """Returns the examples of a batch in the slice `part`."""
    return tf.nest.map_structure(lambda rows: rows[part], batch)
