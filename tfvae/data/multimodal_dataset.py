"""Examples of several modalities, addressed by number."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfvae.data.dataset import Dataset
from tfvae.data.pixel_values import scaled

PRESENT = "present"


class MultimodalDataset(Dataset):
    """A data set with examples as dictionaries {modality: tensor [n, ...]}.

    If examples may lack modalities, the dictionary has one more entry, "present":
    {modality: bool [n]} for the modalities that may be missing. Missing values are zeros.

    A subclass passes its sizes to this constructor and implements `gather`.

    Args:
        num_examples: number of examples, N.
        shapes: shape of one example of each modality.

    Attributes:
        num_examples: number of examples, N.
        shapes: shape of one example of each modality.

    Raises:
        ValueError: if there are no modalities, or one is called "present".
    """

    def __init__(self, num_examples: int, shapes: Mapping[str, tuple[int, ...]]):
        if not shapes:
            raise ValueError("there are no modalities; give at least one")
        if PRESENT in shapes:
            raise ValueError(
                f"a modality is called {PRESENT!r}, the dictionary's entry for missing "
                f"modalities; give it another name"
            )
        self.num_examples = num_examples
        self.shapes = dict(shapes)

    def from_raw(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Returns examples {modality: tensor [n, ...]}, and "present"."""
        return {name: rows if name == PRESENT else scaled(rows) for name, rows in raw.items()}

    def _shaped(self, examples: dict[str, Any], batch_size: int | None) -> dict[str, Any]:
        shaped = {
            name: tf.ensure_shape(examples[name], [batch_size, *shape])
            for name, shape in self.shapes.items()
        }
        if PRESENT in examples:
            shaped[PRESENT] = {
                name: tf.ensure_shape(present, [batch_size])
                for name, present in examples[PRESENT].items()
            }
        return shaped
