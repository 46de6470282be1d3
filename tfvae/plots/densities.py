"""Densities of two-dimensional latents: the prior and the aggregate posterior."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfvae import noise
from tfvae.evaluation.aggregate_posterior import aggregate_log_density, all_examples
from tfvae.plots import latent_plane


def aggregate_posterior(
    models,
    data,
    titles: Sequence[str] = (),
    half_width: float | None = None,
    resolution: int = 160,
):
    """Plots the density of the prior, then the aggregate posterior of each model.

    All panels have the same limits; colours are scaled from 0 to the maximum of each panel. A
    prior that differs from the previous one (a learned prior) has its own panel.

    Args:
        models: a model with two latent dimensions, or several.
        data: array [N, ...] or `tfvae.data.Dataset`; all of it is encoded.
        titles: one per model; "q(z)" if empty.
        half_width: the limits are +-half_width on both axes; if None, chosen to include all
            posterior means and nearly all of the prior.
        resolution: grid points per axis.

    Raises:
        ValueError: if the latents are not two-dimensional, or the number of titles is wrong.
    """
    models = list(models) if isinstance(models, Sequence) else [models]
    titles = list(titles) or ["q(z)"] * len(models)
    if len(titles) != len(models):
        raise ValueError(f"titles has {len(titles)} for {len(models)} models; give one per model")
    for model in models:
        latent_plane.require_plane(model)
    examples = all_examples(data)
    half_width = half_width or max(_half_width(model, examples) for model in models)
    grid = latent_plane.grid(half_width, resolution)
    panels: list[tuple[str, np.ndarray]] = []
    prior = None
    for model, title in zip(models, titles, strict=True):
        density = np.exp(model.prior().log_prob(grid))
        if prior is None or not np.allclose(density, prior, rtol=1e-3, atol=1e-6):
            panels.append(("p(z)", density))
        prior = density
        panels.append((title, np.exp(aggregate_log_density(model, examples, grid))))
    lines = max(title.count("\n") for title, _ in panels)
    size = (2.1 * len(panels) + 0.3, 2.4 + 0.2 * lines)
    return latent_plane.maps(panels, half_width, size, cmap="magma", vmin=0.0)


def _half_width(model, examples: np.ndarray) -> float:
    means = np.concatenate(
        [
            model.encode(tf.convert_to_tensor(rows)).mean()
            for rows in np.array_split(examples, -(-len(examples) // 1000))
        ]
    )
    prior = model.sample_latent(noise.seed_rows(0, 1000)).numpy()
    return 1.1 * float(max(np.abs(means).max(), np.quantile(np.abs(prior), 0.995)))
