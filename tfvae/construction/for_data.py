"""`Model.for_data`: a model with networks, heads and sizes that follow from the data."""

import logging
from collections.abc import Mapping
from typing import Any, Self

from tfvae.construction import choices
from tfvae.construction.data_summary import Summary, summarise
from tfvae.construction.model_builder import build_model
from tfvae.construction.roles import roles_of
from tfvae.construction.seeding import seeded

LATENTS = 10
_LOG = logging.getLogger(__name__)


class ForData:
    """Gives a class of models the constructor `for_data`."""

    # Whether one-hot vectors are a `tfvae.multimodal.Label`, part of the latent.
    label_is_latent: bool = False

    @classmethod
    def for_data(
        cls,
        data,
        latents: int | None = None,
        *,
        seed: int = 0,
        dtype: str | None = None,
        **arguments: Any,
    ) -> Self:
        """Returns a model for `data`, not compiled.

        Parts that are not given follow from the data: a `DiagonalNormal` posterior; convolutional
        networks for images of a size that they take, else dense ones; a likelihood for the range
        of the values (one-hot: categorical; [0, 1]: Bernoulli; else normal). The choice is logged
        in one line at level INFO, by the logger "tfvae".

        Example:
            >>> import numpy as np, tfvae
            >>> model = tfvae.BetaVAE.for_data(np.zeros([20, 8]), latents=3, beta=4.0)
            >>> model.encode(np.zeros([2, 8])).event_shape
            TensorShape([3])

        Args:
            data: a `tfvae.data.Dataset`, an array [N, ...], or a dictionary of arrays for models
                of several modalities.
            latents: number of latent dimensions; if None, that of `posterior`, or 10.
            seed: seed of the initial weights.
            dtype: Keras dtype policy of the networks, such as "mixed_bfloat16".
            arguments: arguments of the constructor. A part is an object, a name such as
                "DenseEncoder", or a dictionary of its arguments, such as `{"hidden": [50]}`, with
                or without "name". Missing sizes, and missing entries of `modalities`, are added.

        Raises:
            ValueError: if no model takes the data, or a part or argument does not work (the
                message names it).
        """
        summary = summarise(data)
        _check_latents(latents, arguments.get("posterior"))
        parts = _chosen(cls, summary, arguments)
        shape = _each(summary, lambda one: one.shape)
        _LOG.info("%s.for_data: data of shape %s: %s", cls.__name__, shape, _names(parts))
        with seeded(seed):
            return build_model(
                cls,
                {**arguments, **parts},
                shape,
                latents=LATENTS if latents is None else latents,
                data=data,
                dtype=dtype,
            )


def _chosen(cls, summary, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parts of a model that follow from the data, with the given arguments."""
    parts: dict[str, Any] = {"posterior": {"name": "DiagonalNormal"}}
    if isinstance(summary, Summary):
        parts |= choices.single_parts(summary, arguments)
    else:
        given = dict(arguments.get("modalities") or {})
        parts["modalities"] = given | {
            name: choices.modality_for(one, given.get(name), cls.label_is_latent)
            for name, one in summary.items()
        }
        parts["joint_encoder"] = choices.joint_encoder_for(summary)
    roles = roles_of(cls)
    return {
        key: choices.completed(part, arguments.get(key))
        for key, part in parts.items()
        if key in roles
    }


def _each(summary, function):
    """Applies `function` to a summary, or to the summary of each modality."""
    if isinstance(summary, Summary):
        return function(summary)
    return {name: function(one) for name, one in summary.items()}


def _names(part) -> str:
    """Returns the parts' class names, such as "likelihood=Bernoulli, encoder=ConvEncoder"."""
    if not isinstance(part, Mapping):
        return part if isinstance(part, str) else type(part).__name__
    inner = ", ".join(
        f"{key}={_names(value)}" for key, value in part.items() if isinstance(value, Mapping)
    )
    name = part.get("name")
    return f"{name}({inner})" if name and inner else name or inner


def _check_latents(latents: int | None, posterior) -> None:
    size = getattr(posterior, "size", None)
    if latents is not None and isinstance(size, int) and size != latents:
        raise ValueError(
            f"latents is {latents}; posterior is of size {size}: leave one of them out"
        )
