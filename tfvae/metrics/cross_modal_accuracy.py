"""Cross-modal accuracy: how well the model predicts labels from other modalities."""

from collections.abc import Sequence

import numpy as np

from tfvae.arguments import require_at_least

_BATCH_SIZE = 500


def cross_modal_accuracy(
    model, data, given: Sequence[str], to: str, num_examples: int | None = None
) -> float:
    """Returns the accuracy of predicting the class of modality `to` from other modalities.

    The prediction is the most probable class of p(x_to|z) at the mean of q(z|x_given), as computed
    by `model.translate`.

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        data: a multimodal `tfvae.data.Dataset` that the model was not trained on.
        given: names of the observed modalities.
        to: name of a modality of one-hot labels.
        num_examples: number of examples, a uniform sample; all if None.

    Raises:
        ValueError: if `to` is in `given`, or its data are not one-hot labels.
    """
    if to in given:
        raise ValueError(f"to is {to!r}, which is also in given ({', '.join(given)}); remove it")
    size = data.num_examples if num_examples is None else min(num_examples, data.num_examples)
    require_at_least(1, num_examples=size)
    right = 0
    for x in data.epoch(_BATCH_SIZE, limit=size):
        labels = np.asarray(x[to])
        if labels.ndim != 2 or not np.array_equal(np.sort(labels)[:, -1], np.ones(len(labels))):
            raise ValueError(
                f"modality {to!r} must have one-hot labels, [n, K]; its shape is "
                f"{list(labels.shape)}"
            )
        probabilities = np.asarray(model.translate({name: x[name] for name in given}, to))
        right += int(np.sum(probabilities.argmax(axis=1) == labels.argmax(axis=1)))
    return right / size
