"""Figures of a trained model; each function returns a matplotlib figure."""

import numpy as np
import tensorflow as tf

from tfvae.plots.grid import image_grid


def reconstructions(model, images):
    """Returns a figure: originals on the first row, their reconstructions below.

    Args:
        model: a trained model.
        images: [N, H, W, C]; about ten look well.
    """
    images = np.asarray(images)
    reconstructed = model(images).numpy()
    rows = np.stack([images, reconstructed])
    return image_grid(rows, ("original", "reconstruction"))


def samples(model, num_samples: int = 64, seed: int = 0):
    """Returns a figure of samples: the means of p(x|z), z ~ p(z), as square as they go."""
    columns = int(np.ceil(np.sqrt(num_samples)))
    rows = -(-num_samples // columns)
    images = model.sample(num_samples, seed=seed).numpy()
    blank = np.ones((rows * columns - num_samples, *images.shape[1:]), images.dtype)
    images = np.concatenate([images, blank])
    return image_grid(images.reshape(rows, columns, *images.shape[1:]))


def traversals(model, images, span: float = 2.0, num_steps: int = 11, max_dimensions: int = 16):
    """Returns a figure of latent traversals, one dimension a row, sorted by their KL.

    Each row decodes the posterior mean of the first image with one latent moved from -span to
    span. The KL of a dimension (nats, at the left) is that of the posterior's marginal to a
    standard normal, averaged over `images`.

    Args:
        model: a model whose posterior has a mean and a standard deviation.
        images: [N, H, W, C]; the first is traversed, all are averaged over.
        span: how far each latent moves.
        num_steps: images of a row.
        max_dimensions: rows at the most, those of largest KL.
    """
    q = model.encode(tf.convert_to_tensor(images))
    mean, stddev = q.mean().numpy(), q.stddev().numpy()
    kl = 0.5 * np.mean(mean**2 + stddev**2 - 1 - 2 * np.log(stddev), axis=0)
    order = np.argsort(-kl)[:max_dimensions]
    values = np.linspace(-span, span, num_steps)
    latents = np.tile(mean[0], (len(order), num_steps, 1))
    latents[np.arange(len(order)), :, order] = values
    flat = latents.reshape(-1, mean.shape[1]).astype(np.float32)
    decoded = model.decode(flat).mean().numpy()
    return image_grid(
        decoded.reshape(len(order), num_steps, *decoded.shape[1:]),
        [f"z{dimension}  KL {kl[dimension]:.2f}" for dimension in order],
        [f"{value:+.1f}" for value in values],
    )
