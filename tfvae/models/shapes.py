"""How the sizes of networks and distributions determine and check one another."""

import keras
import tensorflow as tf

from tfvae.distributions.distribution_layer import Head


def _event_shape(distribution_of, params_shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(distribution_of(tf.zeros((1, *params_shape))).event_shape)


def latent_size(posterior) -> int:
    """Returns d, from what the posterior says of itself.

    Raises:
        ValueError: for a function that does not say; a prior is then needed.
    """
    if not isinstance(posterior, Head):
        raise ValueError("prior is None, and posterior does not say its size; give a prior")
    return _event_shape(posterior, (posterior.params_size,))[0]


def decoded_latents(prior, z: tf.Tensor) -> tf.Tensor:
    """Returns what the decoder sees of latents [..., d]: of a hierarchy, the bottom layer alone."""
    sizes = getattr(prior, "layer_sizes", None)
    return z[..., -sizes[-1] :] if sizes else z


def build_networks(model) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Builds what is not built yet; returns the shapes of a latent and of an example.

    The prior gives the decoder's input, the likelihood of the decoder's output gives the data,
    the data the encoder's input; whatever was built already is checked against that.

    Raises:
        ValueError: naming the network, the size it has and the size needed.
    """
    # A prior made of posteriors gives no distribution before the encoder is built.
    latent_shape = tuple(getattr(model.prior, "event_shape", None) or model.prior().event_shape)
    theirs = getattr(model.prior, "layer_sizes", latent_shape)
    ours = getattr(model.posterior, "layer_sizes", theirs)
    if ours != theirs:
        raise ValueError(
            f"posterior has stochastic layers of sizes {list(ours)}, top first, prior of "
            f"{list(theirs)}; they must be the same"
        )
    decoded_shape = tuple(decoded_latents(model.prior, tf.zeros(latent_shape)).shape)
    decoded = _built(model.decoder, "decoder", decoded_shape)
    size = getattr(model.likelihood, "params_size", 1)
    if decoded[-1] % size:
        raise ValueError(
            f"decoder gives {decoded[-1]} outputs on its last axis; {_name(model.likelihood)} "
            f"needs a multiple of {size} (outputs_per_value={size})"
        )
    data_shape = _event_shape(model.likelihood, decoded)
    encoded = _built(model.encoder, "encoder", data_shape)
    needed = getattr(model.posterior, "params_size", encoded[-1])
    if encoded != (needed,):
        raise ValueError(
            f"encoder gives outputs of shape {list(encoded)}; {_name(model.posterior)} needs "
            f"[{needed}] (outputs={needed})"
        )
    posterior_shape = _event_shape(model.posterior, encoded)
    if posterior_shape != latent_shape:
        raise ValueError(
            f"posterior is over latents of shape {list(posterior_shape)}, prior over "
            f"{list(latent_shape)}; they must be the same"
        )
    return latent_shape, data_shape


def _built(network: keras.Model, name: str, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Builds a network for examples of `input_shape`; returns the shape of one output."""
    needed = getattr(network, "input_shape", None)  # of a Sequential or functional model, if built
    if needed and not tf.TensorShape(input_shape).is_compatible_with(needed[1:]):
        raise ValueError(
            f"{name} takes inputs of shape {list(needed[1:])}; the distributions "
            f"make them {list(input_shape)}"
        )
    # Called, not built: a subclassed model builds its layers and knows its outputs only so.
    return tuple(network(keras.KerasTensor((None, *input_shape))).shape[1:])


def _name(distribution_of) -> str:
    return getattr(distribution_of, "__name__", type(distribution_of).__name__)
