"""Client methods that run a model, as generators of calls (see `calls`)."""

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

# An array; for a model of several modalities, a dictionary of arrays.
Arrays = Any


class Methods(Inspection):
    """Methods of a model; a client runs the generators."""

    def __init__(self, model: str, chunk_size: int):
        """Fetches nothing yet.

        Args:
            model: Name of the model, for error messages.
            chunk_size: Maximum rows of one request.
        """
        super().__init__(model)
        self._chunk_size = chunk_size

    def encode(
        self, images: Any | Mapping[str, Any]
    ) -> CallGenerator[tuple[np.ndarray, np.ndarray] | np.ndarray]:
        """Returns the posterior q(z|x) of each image, or of any exported subset of modalities.

        Args:
            images: Floats [B, H, W, C] in the range of the training data; for a model of several
                modalities, a dictionary of modality to array [B, ...].

        Returns:
            mean [B, d] and stddev [B, d]; only the probabilities if q(z|x) is discrete.

        Raises:
            ValueError: The arrays do not match the model, or no signature takes these modalities.
        """
        outputs = yield from self._rows(lambda s: select_signature(s, "encode", images))
        if set(outputs) == {"mean", "stddev"}:
            return outputs["mean"], outputs["stddev"]
        return _only(outputs)

    def encode_sample(self, images: Any, seed: Any) -> CallGenerator[np.ndarray]:
        """Returns one sample of q(z|x) for each image: [B, d].

        Raises:
            ValueError: The arrays or the seed do not match the model.
        """
        outputs = yield from self._rows(
            lambda s: select_signature(s, "encode_sample", images, _given(seed))
        )
        return outputs["latent"]

    def decode(self, latents: Any) -> CallGenerator[Arrays]:
        """Decodes latents [B, d] to the mean of p(x|z).

        Returns:
            [B, H, W, C]; for a model of several modalities, a dictionary of modality to array.

        Raises:
            ValueError: The latents do not match the model.
        """
        outputs = yield from self._rows(lambda s: select_signature(s, "decode", latents))
        return _one_or_all(outputs)

    def sample(
        self, n: int, seed: Any, given: Mapping[str, Any] | None = None
    ) -> CallGenerator[tuple[np.ndarray, Arrays]]:
        """Samples n latents, from the prior or given some modalities, and decodes them.

        Args:
            n: Number of samples.
            seed: An int, or integers [n, 2].
            given: Modality to array of n rows, or of one row for all n; None samples the prior.

        Returns:
            latent [n, d] and image [n, H, W, C]; for a model of several modalities, latent and a
            dictionary of modality to array.

        Raises:
            ValueError: n is negative, the seed is invalid, or no signature takes these modalities.
        """
        rows = arguments.count("n", n)
        outputs = yield from self._rows(lambda s: select_sample(s, rows, seed, given))
        return outputs.pop("latent"), _one_or_all(outputs)

    def reconstruct(self, images: Any | Mapping[str, Any]) -> CallGenerator[Arrays]:
        """Returns the decoded posterior mean of each image: [B, H, W, C].

        For a model of several modalities, takes and returns a dictionary of all modalities.

        Raises:
            ValueError: The arrays do not match the model.
        """
        outputs = yield from self._rows(lambda s: select_signature(s, "reconstruct", images))
        return _one_or_all(outputs)

    def translate(self, inputs: Mapping[str, Any], to: str) -> CallGenerator[np.ndarray]:
        """Returns the mean of one modality, decoded from the posterior mean of others: [B, ...].

        Args:
            inputs: Modality to array [B, ...].
            to: Modality to decode.

        Raises:
            ValueError: No signature translates these modalities to that one.
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
        """Decodes a latent traversal: sets one dimension at a time to a range of values.

        Args:
            images: Images [N, ...] to start from their posterior means; for a model of several
                modalities, a dictionary of modality to array.
            latents: Latents [N, d] to start from, instead of images.
            dimensions: D dimensions to traverse; all d if None.
            values: T values; if None, `num_steps` values from -span to span.
            span: Largest value if `values` is None.
            num_steps: Number of values if `values` is None; at least 1.

        Returns:
            [N, D, T, H, W, C]; for a model of several modalities, a dictionary of modality to
            array.

        Raises:
            ValueError: Both or neither of images and latents are given, a dimension is out of
                range, or the posterior has no mean.
        """
        if (images is None) == (latents is None):
            raise ValueError("traverse takes either images or latents")
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
        """Returns the importance-weighted log p(x) of each image, in nats: [B].

        For a model of several modalities, takes a dictionary of all modalities.

        Raises:
            ValueError: The arrays or the seed do not match the model.
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
        """Runs any signature in one request, without conversion or chunks.

        Args:
            signature: Name of the signature; empty means `serving_default`.
            inputs: Input name to array of the signature's dtype.
            output_filter: Names of the wanted outputs; all if empty.

        Returns:
            Output name to array; strings are `bytes` objects.
        """
        arrays = {name: arguments.as_array(value) for name, value in inputs.items()}
        (outputs,) = yield [Predict(signature, arrays, output_filter)]
        return outputs

    def _rows(
        self, choose: Callable[[Signatures], Selection]
    ) -> CallGenerator[dict[str, np.ndarray]]:
        """Runs the signature and inputs that `choose` selects, in chunks."""
        name, inputs = yield from self._chosen(choose)
        size = len(next(iter(inputs.values())))
        answers = yield [
            Predict(name, {key: array[part] for key, array in inputs.items()})
            for part in arguments.chunks(size, self._chunk_size)
        ]
        return {key: np.concatenate([answer[key] for answer in answers]) for key in answers[0]}


def _given(seed: Any) -> Any:
    if seed is None:
        raise ValueError("seed is None; give an int, or integers [B, 2], one row for each example")
    return seed


def _only(outputs: dict[str, np.ndarray]) -> np.ndarray:
    if len(outputs) != 1:
        raise ValueError(f"the model returns {sorted(outputs)}; call predict to get all of them")
    return next(iter(outputs.values()))


def _one_or_all(outputs: dict[str, np.ndarray]) -> Arrays:
    return _only(outputs) if len(outputs) == 1 else outputs
