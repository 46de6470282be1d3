"""Latent traversals: what moving one latent changes, the most informative dimensions first."""

import os
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import noise
from tfvae.distributions.sampling import sample_with_seeds
from tfvae.estimators.aggregate_posterior import marginals
from tfvae.plots.grid import image_grid

KL_SAMPLES = 64  # of each image's posterior, where the divergence has no closed form


def traversals(model, images, span: float = 2.0, num_steps: int = 11, max_dimensions: int = 16):
    """Returns a figure of latent traversals, one dimension a row, sorted by `information`.

    Each row decodes the posterior mean of the first image with one latent moved from -span to
    span; the dimension's KL (nats) or variance is at the left.

    Args:
        model: a model whose posterior has a mean.
        images: [N, H, W, C]; the first is traversed, all are averaged over.
        span: how far each latent moves.
        num_steps: images of a row.
        max_dimensions: rows at the most.
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
    """Writes an animated GIF, every latent moving from -span to span and back; returns its path.

    A row is an image, a column a dimension, sorted by `information` and with its KL or variance
    on top; all other latents stay at the posterior mean.

    Args:
        model: a model whose posterior has a mean.
        images: [N, H, W, C]; the first `num_images` are traversed, all are averaged over.
        path: the file.
        num_images: rows.
        span: how far each latent moves.
        num_steps: different frames; going back shows all but the two ends again.
        max_dimensions: columns at the most.
        milliseconds: time of a frame.

    Raises:
        ValueError: for fewer than two steps, or more images than there are.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    if num_steps < 2:
        raise ValueError(f"num_steps is {num_steps}; a movement needs at least 2")
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
    """Returns how much each latent dimension tells of `images`, [d], and the measure of it.

    "KL" is KL(q(z_j|x) || p(z_j)) in nats, averaged over the images, where the marginals of
    posterior and prior are known: closed where TFP knows it, else over samples. For a prior whose
    dimensions depend on one another, such as a mixture or a flow, "var" is the variance of the
    posterior means.

    Args:
        model: a model whose posterior has a mean.
        images: [N, ...].
    """
    q = model.encode(tf.convert_to_tensor(images))
    try:
        posterior, prior = marginals(q), marginals(model.prior())
    except TypeError:
        return np.var(q.mean(), axis=0), "var"
    try:
        divergence = tfd.kl_divergence(posterior, prior)
    except NotImplementedError:  # TFP's word for a pair of no closed form
        z = sample_with_seeds(q, noise.seed_rows(0, len(images)), KL_SAMPLES)
        divergence = tf.reduce_mean(posterior.log_prob(z) - prior.log_prob(z), axis=0)
    return np.mean(divergence, axis=0), "KL"


def _text(amount: float, measure: str) -> str:
    return f"{measure} {amount:.2f}" + " nats" * (measure == "KL")


def _decoded(model, images, order: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The means of p(x|z), z the posterior means with dimension order[i] at values[j]."""
    mean = model.encode(tf.convert_to_tensor(images)).mean().numpy()
    latents = np.tile(mean[:, None, None], (1, len(order), len(values), 1))
    for row, dimension in enumerate(order):
        latents[:, row, :, dimension] = values
    decoded = model.decode(latents.reshape(-1, mean.shape[1]).astype(np.float32)).mean().numpy()
    return decoded.reshape(*latents.shape[:3], *decoded.shape[1:])
