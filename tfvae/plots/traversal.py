"""Latent traversals, ordered by the information in each latent dimension."""

import os
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.distributions.sampling import UnsuitableDistributionError, sample_with_seeds
from tfvae.estimators.aggregate_posterior import marginals
from tfvae.plots.grid import image_grid

KL_SAMPLES = 64  # per posterior, if the KL divergence has no closed form


def traversals(model, images, span: float = 2.0, num_steps: int = 11, max_dimensions: int = 16):
    """Plots latent traversals, one dimension per row, sorted by `information`.

    Each row decodes the posterior mean of the first image with one latent varied from -span to
    span; the label shows the dimension's KL (nats) or variance.

    Args:
        model: a model with a posterior mean.
        images: [N, H, W, C]; the first is traversed, all are used for the KL.
        span: range of each latent.
        num_steps: images per row.
        max_dimensions: maximum number of rows.
    """
    amount, measure = information(model, images)
    order = np.argsort(-amount)[:max_dimensions]
    values = np.linspace(-span, span, num_steps)
    return image_grid(
        _decoded(model, images[:1], order, values)[0],
        [f"z{dimension}  {_text(amount[dimension], measure)}" for dimension in order],
        [f"{value:+.1f}" for value in values],
    )


def traversal_animation(
    model,
    images,
    path: str | os.PathLike,
    num_images: int = 1,
    span: float = 2.0,
    num_steps: int = 15,
    max_dimensions: int = 10,
    milliseconds: int = 80,
) -> pathlib.Path:
    """Writes an animated GIF that varies each latent from -span to span and back.

    Rows are images and columns are dimensions, sorted by `information` and labelled with their KL
    or variance; all other latents stay at the posterior mean.

    Args:
        model: a model with a posterior mean.
        images: [N, H, W, C]; the first `num_images` are traversed, all are used for the KL.
        path: output file.
        num_images: number of rows.
        span: range of each latent.
        num_steps: number of distinct frames; the way back repeats all but the two ends.
        max_dimensions: maximum number of columns.
        milliseconds: duration of a frame.

    Returns:
        The path of the file.

    Raises:
        ValueError: if `num_steps` is below 2, or `num_images` above the number of images.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    if num_steps < 2:
        raise ValueError(f"num_steps is {num_steps}; it must be at least 2")
    if not 1 <= num_images <= len(images):
        raise ValueError(f"num_images is {num_images}; it must be from 1 to {len(images)}")
    amount, measure = information(model, images)
    order = np.argsort(-amount)[:max_dimensions]
    values = np.linspace(-span, span, num_steps)
    decoded = _decoded(model, images[:num_images], order, values)
    labels = [f"z{dimension}\n{measure} {amount[dimension]:.2f}" for dimension in order]
    frames = []
    for step in (*range(num_steps), *range(num_steps - 2, 0, -1)):
        canvas = FigureCanvasAgg(image_grid(decoded[:, :, step], column_labels=labels))
        canvas.draw()
        frame = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        frames.append(frame.quantize(dither=Image.Dither.NONE))
    path = pathlib.Path(path)
    frames[0].save(
        path, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0
    )
    return path


def information(model, images) -> tuple[np.ndarray, str]:
    """Returns the information in each latent dimension, [d], and the name of its measure.

    "KL" is KL(q(z_j|x) || p(z_j)) in nats, averaged over the images, if the marginals of posterior
    and prior are known: in closed form if TFP has one, else by Monte Carlo. "var" is the variance
    of the posterior means, for priors with dependent dimensions such as a mixture or a flow.

    Args:
        model: a model with a posterior mean.
        images: [N, ...].
    """
    q = model.encode(tf.convert_to_tensor(images))
    try:
        posterior, prior = marginals(q), marginals(model.prior())
    except UnsuitableDistributionError:
        return np.var(q.mean(), axis=0), "var"
    try:
        divergence = tfd.kl_divergence(posterior, prior)
    except NotImplementedError:  # raised by TFP if there is no closed form
        z = sample_with_seeds(q, noise.seed_rows(0, len(images)), KL_SAMPLES)
        divergence = tf.reduce_mean(posterior.log_prob(z) - prior.log_prob(z), axis=0)
    return np.mean(divergence, axis=0), "KL"


def _text(amount: float, measure: str) -> str:
    return f"{measure} {amount:.2f}" + " nats" * (measure == "KL")


def _decoded(model, images, order: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns means of p(x|z), where z is the posterior mean with z[order[i]] = values[j]."""
    mean = model.encode(tf.convert_to_tensor(images)).mean().numpy()
    latents = np.tile(mean[:, None, None], (1, len(order), len(values), 1))
    for row, dimension in enumerate(order):
        latents[:, row, :, dimension] = values
    decoded = model.decode(latents.reshape(-1, mean.shape[1]).astype(np.float32)).mean().numpy()
    return decoded.reshape(*latents.shape[:3], *decoded.shape[1:])
