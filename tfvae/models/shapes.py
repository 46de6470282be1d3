"""Builds networks and checks that their sizes match the distributions."""

import keras
import tensorflow as tf

from tfvae.distributions.distribution_layer import Head, likelihood_of
from tfvae.priors import StandardNormal

Shape = tuple[int, ...]


def prior_for(posterior, prior):
    """Returns `prior`; if None, a `StandardNormal` of the posterior's size.

    Raises:
        ValueError: if there is no prior and the posterior is a function, so its size is unknown.
    """
    if prior is not None:
        return prior
    if not isinstance(posterior, Head):
        raise ValueError("prior is None, and posterior does not say its size; give a prior")
    return StandardNormal(_event_shape(posterior, (posterior.params_size,))[0])


def latent_shape_of(prior) -> Shape:
    """Returns the shape of a latent; works before a VampPrior is connected to its encoder."""
    return tuple(getattr(prior, "event_shape", None) or prior().event_shape)


def decoded_latents(prior, z: tf.Tensor) -> tf.Tensor:
    """Returns the part of latents [..., d] that the decoder uses: z_1 of a hierarchy, else all."""
    sizes = getattr(prior, "layer_sizes", None)
    return z[..., -sizes[-1] :] if sizes else z


def decoded(decoder, likelihood, z: tf.Tensor, training: bool):
    """Returns p(x|z) for latents [..., d], batch [...]; the network itself takes latents [n, d]."""
    params = decoder(tf.reshape(z, [-1, z.shape[-1]]), training=training)
    shape = tf.concat([tf.shape(z)[:-1], params.shape[1:]], axis=0)
    params = tf.reshape(tf.cast(params, tf.float32), shape)
    return likelihood_of(likelihood, params, batch_ndims=z.shape.rank - 1)


def build_decoder(decoder: keras.Model, likelihood, prior) -> Shape:
    """Builds a decoder, if it is not built; returns the shape of an example.

    Raises:
        ValueError: if its sizes do not match (the message gives its size and the one needed).
    """
    input_shape = tuple(decoded_latents(prior, tf.zeros(latent_shape_of(prior))).shape)
    outputs = _built(decoder, "decoder", input_shape)
    size = getattr(likelihood, "params_size", 1)
    if outputs[-1] % size:
        raise ValueError(
            f"decoder gives {outputs[-1]} outputs on its last axis; {_name(likelihood)} "
            f"needs a multiple of {size} (outputs_per_value={size})"
        )
    return _event_shape(likelihood, outputs)


def build_encoder(encoder: keras.Model, posterior, prior, data_shape: Shape) -> None:
    """Builds an encoder, if it is not built, and checks it against posterior and prior.

    Raises:
        ValueError: if its sizes do not match (the message gives its size and the one needed).
    """
    outputs = _built(encoder, "encoder", data_shape)
    needed = getattr(posterior, "params_size", outputs[-1])
    if outputs != (needed,):
        raise ValueError(
            f"encoder gives outputs of shape {list(outputs)}; {_name(posterior)} needs "
            f"[{needed}] (outputs={needed})"
        )
    latent_shape = latent_shape_of(prior)
    posterior_shape = _event_shape(posterior, outputs)
    if posterior_shape != latent_shape:
        raise ValueError(
            f"posterior is over latents of shape {list(posterior_shape)}, prior over "
            f"{list(latent_shape)}; they must be the same"
        )


def require_same_layers(posterior, prior) -> None:
    """Raises ValueError if posterior and prior have stochastic layers of different sizes."""
    theirs = getattr(prior, "layer_sizes", latent_shape_of(prior))
    ours = getattr(posterior, "layer_sizes", theirs)
    if ours != theirs:
        raise ValueError(
            f"posterior has stochastic layers of sizes {list(ours)}, top first, prior of "
            f"{list(theirs)}; they must be the same"
        )


def _event_shape(distribution_of, params_shape: Shape) -> Shape:
    return tuple(distribution_of(tf.zeros((1, *params_shape))).event_shape)


def _built(network: keras.Model, name: str, input_shape: Shape) -> Shape:
    """Builds a network for examples of `input_shape`; returns the shape of one output."""
    needed = getattr(network, "input_shape", None)  # known for built Sequential, functional models
    if needed and not tf.TensorShape(input_shape).is_compatible_with(needed[1:]):
        raise ValueError(
            f"{name} takes inputs of shape {list(needed[1:])}; the distributions "
            f"make them {list(input_shape)}"
        )
    # Call it rather than `build`: a subclassed model builds its layers only when called.
    return tuple(network(keras.KerasTensor((None, *input_shape))).shape[1:])


def _name(distribution_of) -> str:
    return getattr(distribution_of, "__name__", type(distribution_of).__name__)
