"""Pictures of models of several modalities whose latents have two dimensions."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfvae import noise
from tfvae.plots.grid import image_grid


def generated(
    model,
    givens: Sequence[Mapping[str, int]],
    to: str,
    num_samples: int = 8,
    seed: int = 0,
    labels: Sequence[str] = (),
):
    """Returns a figure of images generated from attributes, a row for each entry of `givens`.

    Args:
        model: a `tfvae.multimodal.MultimodalVAE`.
        givens: class number of each attribute given; z ~ q(z|given), and of none z ~ p(z).
        to: name of the modality of images, whose mean is shown.
        num_samples: images of a row.
        seed: of what is drawn.
        labels: one for each row; the class numbers where empty.
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
    """Returns a figure of q(z|x_A): a point at each mean, of one deviation's size.

    Args:
        model: a model of two latent dimensions.
        panels: title of each panel and its data, {modality: [n, ...]}.
        classes: the class of each example, int [n], which colours it.
        names: names of the classes.

    Raises:
        ValueError: for another number of latent dimensions.
    """
    from matplotlib.collections import EllipseCollection  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    _require_plane(model)
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
    """Returns a figure of z -> labels: the most probable class of each over the plane.

    Args:
        model: a model of two latent dimensions.
        labels: names of modalities of labels, a panel for each, and one for all together.
        points: latents [n, 2] drawn on it, such as posterior means of test data.
        classes: the class of each point, int [n].
        names: names of the points' classes.
        half_width: the limits are +-half_width on both axes.
        resolution: points of the grid on each axis.

    Raises:
        ValueError: for another number of latent dimensions.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    _require_plane(model)
    axis = np.linspace(-half_width, half_width, resolution, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    p = model.decode(grid, names=labels)
    maps = {name: np.asarray(p[name].mean()).argmax(axis=1) for name in labels}
    together = np.ravel_multi_index(
        list(maps.values()), [p[name].event_shape[0] for name in labels]
    )
    panels = [*maps.items(), (", ".join(labels), together)]
    figure = Figure(figsize=(2.8 * len(panels), 3.1), dpi=150, layout="constrained")
    for axes, (title, values) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels, strict=True
    ):
        axes.imshow(
            values.reshape(resolution, resolution),
            origin="lower",
            extent=(-half_width, half_width, -half_width, half_width),
            cmap="Pastel1",
            vmin=0,
            vmax=8,
        )
        for number, name in enumerate(names):
            chosen = points[classes == number]
            axes.plot(*chosen.T, ".", color=f"C{number}", markersize=1.5, label=name)
        axes.set_title(f"z -> {title}", fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_xlim(-half_width, half_width)
        axes.set_ylim(-half_width, half_width)
    return figure


def latent_grid(model, to: str | None = None, half_width: float = 3.0, size: int = 15):
    """Returns a figure of the images at a grid of latents over [-half_width, half_width]^2.

    Args:
        model: a model of two latent dimensions.
        to: name of the modality of images; of a model of one modality, None.
        half_width: of the square.
        size: images on each side.

    Raises:
        ValueError: for another number of latent dimensions.
    """
    _require_plane(model)
    axis = np.linspace(-half_width, half_width, size, dtype=np.float32)
    first, second = np.meshgrid(axis, axis[::-1])  # the second dimension upwards
    p = model.decode(np.stack([first, second], axis=-1).reshape(-1, 2))
    images = np.asarray((p if to is None else p[to]).mean())
    return image_grid(images.reshape(size, size, *images.shape[1:]), zoom=1.0)


def _require_plane(model) -> None:
    if model.latent_shape != (2,):
        raise ValueError(
            f"{model.name} has latents of shape {list(model.latent_shape)}; this figure is of two "
            "dimensions"
        )
