"""What the client has a model do, each method a generator of its calls (see `calls`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import arguments
from .calls import CallGenerator, Predict
from .inspection import Inspection
from .signature_selection import (
    Selection,
    select_sample,
    select_signature,
    select_translation,
)
from .signature_specs import Signatures

# An array, or for a model of several modalities a dictionary of them; which one, the model knows.
Arrays = Any


class Methods(Inspection):
    """What one model does; a client runs the generators."""

    def __init__(self, model: str, chunk_size: int):
        """Knows nothing of the model yet.

        Args:
            model: Its name, for messages.
            chunk_size: Most rows of one request.
        """
        super().__init__(model)
        self._chunk_size = chunk_size

    def encode(
        self, images: Any | Mapping[str, Any]
    ) -> CallGenerator[tuple[np.ndarray, np.ndarray] | np.ndarray]:
        """The posterior q(z|x) of each image, or of any exported subset of modalities.

        Args:
            images: [B, H, W, C] floats in the range the model was trained on; of a model of several
                modalities a dictionary of modality to array [B, ...].

        Returns:
            mean [B, d] and stddev [B, d]; the probabilities alone where q(z|x) is discrete.

        Raises:
            ValueError: The arrays do not suit the model, or no signature takes these modalities.
        """
        outputs = yield from self._rows(lambda s: select_signature(s, "encode", images))
        if set(outputs) == {"mean", "stddev"}:
            return outputs["mean"], outputs["stddev"]
        return _only(outputs)

    def encode_sample(self, images: Any, seed: Any) -> CallGenerator[np.ndarray]:
        """One sample of q(z|x) for each image: [B, d].

        Raises:
            ValueError: The arrays do not suit the model.
        """
        outputs = yield from self._rows(
            lambda s: select_signature(s, "encode_sample", images, _given(seed))
        )
        return outputs["latent"]

    def decode(self, latents: Any) -> CallGenerator[Arrays]:
        """The mean of p(x|z) for latents [B, d].

        Returns:
            [B, H, W, C]; a dictionary of them for a model of several modalities.

        Raises:
            ValueError: The latents do not suit the model.
        """
        outputs = yield from self._rows(lambda s: select_signature(s, "decode", latents))
        return _one_or_all(outputs)

    def sample(
        self, n: int, seed: Any, given: Mapping[str, Any] | None = None
    ) -> CallGenerator[tuple[np.ndarray, Arrays]]:
        """Draws n latents, from the prior or given some modalities, and decodes them.

        Args:
            n: How many.
            seed: An int, or rows [n, 2].
            given: Modality to array of n rows, or of one row for all n; None draws from the prior.

        Returns:
            latent [n, d] and image [n, H, W, C]; a dictionary of modality to array for a model of
            several.

        Raises:
            ValueError: n is below 0, the seed is none, or no signature takes these modalities.
        """
        rows = arguments.count("n", n)
        outputs = yield from self._rows(lambda s: select_sample(s, rows, seed, given))
        return outputs.pop("latent"), _one_or_all(outputs)

    def reconstruct(self, images: Any | Mapping[str, Any]) -> CallGenerator[Arrays]:
        """The decoded posterior mean of each image: [B, H, W, C].

        Of a model of several modalities, from all of them to all of them: dictionaries.

        Raises:
            ValueError: The arrays do not suit the model.
        """
        outputs = yield from self._rows(lambda s: select_signature(s, "reconstruct", images))
        return _one_or_all(outputs)

    def translate(self, inputs: Mapping[str, Any], to: str) -> CallGenerator[np.ndarray]:
        """The mean of one modality given others, decoded from their posterior's mean: [B, ...].

        Args:
            inputs: Modality to array [B, ...].
            to: The modality asked for.

        Raises:
            ValueError: No signature takes these modalities to that one.
        """
        outputs = yield from self._rows(lambda s: select_translation(s, inputs, to))
        return outputs[to]

    def traverse(
        self,
        images: Any | Mapping[str, Any] | None = None,
        *,
        latents: Any = None,
        dimensions: Sequence[int] | None = None,
        values: Sequence[float] | None = None,
        span: float = 2.0,
        num_steps: int = 11,
    ) -> CallGenerator[Arrays]:
        """Decodes latents with one dimension after the other moved: a latent traversal.

        Args:
            images: [N, ...], whose posterior means are moved; or a dictionary of modalities.
            latents: [N, d], in place of images.
            dimensions: Which of the d are moved, each on its own; all where None.
            values: What they are set to; `num_steps` values from -span to span where None.
            span: How far each dimension moves.
            num_steps: How many values, at least 1.

        Returns:
            [N, dimensions, values, H, W, C]; a dictionary of them for a model of several
            modalities.

        Raises:
            ValueError: Both or none of images and latents, a dimension there is not, or a posterior
                that has no mean.
        """
        if (images is None) == (latents is None):
            raise ValueError("traverse takes images or latents, one of the two")
        if values is None:
            if num_steps < 1:
                raise ValueError(f"num_steps={num_steps} must be at least 1")
            values = [float(value) for value in np.linspace(-span, span, num_steps)]
        if latents is None:
            encoded = yield from self.encode(images)
            if not isinstance(encoded, tuple):
                raise ValueError("the model's posterior is discrete and has no mean; give latents")
            latents = encoded[0]
        moved = arguments.traversal(latents, dimensions, values)
        decoded = yield from self.decode(moved.reshape(-1, moved.shape[-1]))
        if isinstance(decoded, dict):
            return {k: v.reshape(*moved.shape[:3], *v.shape[1:]) for k, v in decoded.items()}
        return decoded.reshape(*moved.shape[:3], *decoded.shape[1:])

    def log_likelihood(
        self, images: Any | Mapping[str, Any], seed: Any
    ) -> CallGenerator[np.ndarray]:
        """Importance-weighted log p(x) of each image, in nats: [B].

        Of a model of several modalities, of all of them together: a dictionary.

        Raises:
            ValueError: The arrays or the seed do not suit the model.
        """
        outputs = yield from self._rows(
            lambda s: select_signature(s, "log_likelihood", images, _given(seed))
        )
        return outputs["log_likelihood"]

    def predict(
        self,
        signature: str,
        inputs: Mapping[str, Any],
        output_filter: Sequence[str] = (),
    ) -> CallGenerator[dict[str, np.ndarray]]:
        """Runs any signature in one request, its inputs sent as they are.

        Args:
            signature: Name of the signature; empty is `serving_default`.
            inputs: Input name to array, of the signature's dtypes.
            output_filter: Outputs wanted; all when empty.

        Returns:
            Output name to array; strings are `bytes` objects.
        """
        arrays = {name: arguments.as_array(value) for name, value in inputs.items()}
        (outputs,) = yield [Predict(signature, arrays, output_filter)]
        return outputs

    # How

    def _rows(
        self, choose: Callable[[Signatures], Selection]
    ) -> CallGenerator[dict[str, np.ndarray]]:
        """Runs what `choose` makes of the signatures, in chunks."""
        name, inputs = yield from self._chosen(choose)
        size = len(next(iter(inputs.values())))
        answers = yield [
            Predict(name, {key: array[part] for key, array in inputs.items()})
            for part in arguments.chunks(size, self._chunk_size)
        ]
        return {key: np.concatenate([answer[key] for answer in answers]) for key in answers[0]}


def _given(seed: Any) -> Any:
    if seed is None:
        raise ValueError("seed is None; give an int, or rows [B, 2], one for each example")
    return seed


def _only(outputs: dict[str, np.ndarray]) -> np.ndarray:
    if len(outputs) != 1:
        raise ValueError(f"the model answers {sorted(outputs)}; call predict for all of them")
    return next(iter(outputs.values()))


def _one_or_all(outputs: dict[str, np.ndarray]) -> Arrays:
    return _only(outputs) if len(outputs) == 1 else outputs
