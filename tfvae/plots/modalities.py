"""Figures of multimodal models; most need two latent dimensions."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfvae import noise
from tfvae.plots import latent_plane
from tfvae.plots.grid import image_grid


def generated(
    model,
    givens: Sequence[Mapping[str, int]],
    to: str,
    num_samples: int = 8,
    seed: int = 0,
    labels: Sequence[str] = (),
):
    """Plots images generated from attributes, one row per entry of `givens`.

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        givens: class numbers of the given attributes for each row; z ~ q(z|given), or z ~ p(z) if
            there are none.
        to: name of the image modality; the mean of p(x_to|z) is shown.
        num_samples: images per row.
        seed: random seed.
        labels: one per row; the class numbers if empty.
    """
    rows, named = [], []
    seeds = noise.seed_rows(seed, num_samples)
    for given in givens:
        x = {name: np.full(num_samples, value) for name, value in given.items()}
        latent = model.encode_sample(x, seeds) if given else model.sample_latent(seeds)
        rows.append(np.asarray(model.decode(latent, names=[to])[to].mean()))
        named.append(", ".join(f"{name} {value}" for name, value in given.items()) or "nothing")
    return image_grid(np.stack(rows), labels or named)


def posteriors(
    model, panels: Sequence[tuple[str, Mapping[str, np.ndarray]]], classes: np.ndarray, names
):
    """Plots q(z|x_A): for each example its mean, and an ellipse of one standard deviation.

    Args:
        model: a model with two latent dimensions.
        panels: title and data, {modality: [n, ...]}, of each panel.
        classes: class of each example, int [n], which sets its colour.
        names: names of the classes.

    Raises:
        ValueError: if the latents are not two-dimensional.
    """
    from matplotlib.collections import EllipseCollection  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    latent_plane.require_plane(model)
    figure = Figure(figsize=(2.6 * len(panels) + 0.3, 3.5), dpi=150, layout="constrained")
    every = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (title, x) in zip(every, panels, strict=True):
        q = model.encode(x)
        mean, stddev = np.asarray(q.mean()), np.asarray(q.stddev())
        for number, name in enumerate(names):
            chosen = classes == number
            ellipses = EllipseCollection(
                2 * stddev[chosen, 0],
                2 * stddev[chosen, 1],
                np.zeros(chosen.sum()),
                units="xy",
                offsets=mean[chosen],
                offset_transform=axes.transData,
                facecolor=f"C{number}",
                alpha=0.25,
                linewidth=0,
            )
            axes.add_collection(ellipses)
            axes.plot(*mean[chosen].T, ".", color=f"C{number}", markersize=1.5, label=name)
        axes.set_title(title, fontsize=9)
        axes.set_xlim(-3.5, 3.5)
        axes.set_ylim(-3.5, 3.5)
        axes.set_aspect("equal")
        axes.tick_params(labelsize=7)
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=len(names), fontsize=8, markerscale=6
    )
    return figure


def decision_map(
    model,
    labels: Sequence[str],
    points: np.ndarray,
    classes: np.ndarray,
    names: Sequence[str],
    half_width: float = 3.5,
    resolution: int = 200,
):
    """Plots the most probable class of each label modality over the latent plane.

    Args:
        model: a model with two latent dimensions.
        labels: names of the label modalities, one panel each, plus one for all of them jointly.
        points: latents [n, 2] to plot on top, such as posterior means of test data.
        classes: class of each point, int [n].
        names: names of the points' classes.
        half_width: the limits are +-half_width on both axes.
        resolution: grid points per axis.

    Raises:
        ValueError: if the latents are not two-dimensional.
    """
    latent_plane.require_plane(model)
    p = model.decode(latent_plane.grid(half_width, resolution), names=labels)
    classes_of = {name: np.asarray(p[name].mean()).argmax(axis=1) for name in labels}
    together = np.ravel_multi_index(
        list(classes_of.values()), [p[name].event_shape[0] for name in labels]
    )
    panels = [*classes_of.items(), (", ".join(labels), together)]
    figure = latent_plane.maps(
        [(f"z -> {title}", values) for title, values in panels],
        half_width,
        (2.8 * len(panels), 3.1),
        cmap="Pastel1",
        vmin=0,
        vmax=8,
    )
    for axes in figure.axes:
        for number, name in enumerate(names):
            chosen = points[classes == number]
            axes.plot(*chosen.T, ".", color=f"C{number}", markersize=1.5, label=name)
        axes.set_xlim(-half_width, half_width)
        axes.set_ylim(-half_width, half_width)
    return figure


def latent_grid(model, to: str | None = None, half_width: float = 3.0, size: int = 15):
    """Plots the images decoded from a grid of latents over [-half_width, half_width]^2.

    Args:
        model: a model with two latent dimensions.
        to: name of the image modality; None if the model has a single modality.
        half_width: half the side of the square.
        size: images per side.

    Raises:
        ValueError: if the latents are not two-dimensional.
    """
    latent_plane.require_plane(model)
    axis = np.linspace(-half_width, half_width, size, dtype=np.float32)
    first, second = np.meshgrid(axis, axis[::-1])  # the second dimension upwards
    p = model.decode(np.stack([first, second], axis=-1).reshape(-1, 2))
    images = np.asarray((p if to is None else p[to]).mean())
    return image_grid(images.reshape(size, size, *images.shape[1:]), zoom=1.0)
