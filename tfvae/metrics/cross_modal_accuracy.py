"""Cross-modal accuracy: labels read from other modalities by the model itself."""

from collections.abc import Sequence

import numpy as np

from tfvae.arguments import require_at_least

_BATCH_SIZE = 500


def cross_modal_accuracy(
    model, data, given: Sequence[str], to: str, num_examples: int | None = None
) -> float:
    """Returns the share of examples whose most probable class of modality `to` is the true one.

    The class is that of p(x_to|z) at the mean of q(z|x_given), as `model.translate` has it.

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        data: a `tfvae.data.Dataset` of modalities, on which the model was not trained.
        given: names of the modalities that are seen.
        to: name of a modality of one-hot labels.
        num_examples: how many examples, drawn evenly; all where None.

    Raises:
        ValueError: where `to` is among `given`, or its data are no one-hot labels.
    """
    if to in given:
        raise ValueError(f"to is {to!r}, which is among given, {', '.join(given)}")
    size = data.num_examples if num_examples is None else min(num_examples, data.num_examples)
    require_at_least(1, num_examples=size)
    right = 0
    for x in data.epoch(_BATCH_SIZE, limit=size):
        labels = np.asarray(x[to])
        if labels.ndim != 2 or not np.array_equal(np.sort(labels)[:, -1], np.ones(len(labels))):
            raise ValueError(f"modality {to!r} holds no one-hot labels, but {list(labels.shape)}")
        probabilities = np.asarray(model.translate({name: x[name] for name in given}, to))
        right += int(np.sum(probabilities.argmax(axis=1) == labels.argmax(axis=1)))
    return right / size
