"""Convolutional networks from the disentanglement papers."""

from collections.abc import Sequence
from typing import Any

import keras

from tfvae.networks.network import DecoderNetwork, Network, Style, as_list

LAYERS = keras.layers
REDUCTION = 16  # four convolutions of stride 2
LEAST_SIZE = 8  # the last of the four then has one pixel as its input


def takes_shape(shape: Sequence[int]) -> bool:
    """Returns whether the networks take images of `shape`, (H, W, C)."""
    return len(shape) == 3 and min(shape[:2]) >= LEAST_SIZE


def _require_size(argument: str, shape: Sequence[int | None]) -> None:
    if any(size is not None and size < LEAST_SIZE for size in shape[-3:-1]):
        raise ValueError(
            f"{argument} is {tuple(shape)}; height and width must be at least {LEAST_SIZE}: four "
            "convolutions of stride 2 leave nothing to convolve of smaller images. Resize them, "
            "or use DenseEncoder and DenseDecoder"
        )


@keras.saving.register_keras_serializable("tfvae")
class ConvEncoder(Network):
    """Convolutional encoder: images [B, H, W, C] to parameters [B, outputs].

    Four strided convolutions and dense hidden layers. The defaults are those of Kim & Mnih 2018
    (arXiv:1802.05983, table 1) for 2D Shapes; `kernel_sizes=(4, 4, 2, 2), hidden=256` is the
    encoder of disentanglement_lib. Each convolution halves the size, rounded up, with padding.

    Args:
        outputs: number of parameters per image, the posterior's `params_size`.
        filters: channels of the four convolutions.
        kernel_sizes: kernel sizes of the four convolutions.
        hidden: units of the dense hidden layer, or a list with the units of each.
        activation: activation of every layer except the last.
        batch_normalization: whether to apply batch normalization to every hidden layer.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.

    Raises:
        ValueError: when built, if the images' height or width is below 8.
    """

    def __init__(
        self,
        outputs: int,
        filters: Sequence[int] = (32, 32, 64, 64),
        kernel_sizes: Sequence[int] = (4, 4, 4, 4),
        hidden: int | Sequence[int] = 128,
        activation: str = "relu",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        style = Style(activation, batch_normalization, dtype)
        layers: list[keras.layers.Layer] = []
        for count, kernel in zip(filters, kernel_sizes, strict=True):
            layers += style.layers(LAYERS.Conv2D, count, kernel, strides=2, padding="same")
        layers += [LAYERS.Flatten(dtype=dtype)]
        for units in as_list(hidden):
            layers += style.layers(LAYERS.Dense, units)
        layers += [LAYERS.Dense(outputs, dtype=dtype)]
        settings = {
            "outputs": outputs,
            "filters": list(filters),
            "kernel_sizes": list(kernel_sizes),
            "hidden": as_list(hidden),
            **style._asdict(),
        }
        super().__init__(layers, settings, name)

    def build(self, input_shape):
        """Builds the layers for images [B, H, W, C]."""
        _require_size("the image shape", input_shape)
        super().build(input_shape)


@keras.saving.register_keras_serializable("tfvae")
class ConvDecoder(DecoderNetwork):
    """Convolutional decoder: latents [B, d] to parameters [B, H, W, C * outputs_per_value].

    Dense layers (`hidden`, then H/16 * W/16 * 64) and four transposed convolutions (4x4, stride 2;
    Kim & Mnih 2018, table 1). `hidden=256` is the decoder of disentanglement_lib. H/16 and W/16
    are rounded up; the centre of the result is cropped to H and W.

    Args:
        image_shape: (H, W, C), height and width at least 8.
        outputs_per_value: parameters per value, the likelihood's `params_size`.
        filters: channels of the reshaped dense layer, then of the first three convolutions.
        hidden: units of the first dense layer, or a list with the units of each.
        activation: activation of every layer except the last.
        batch_normalization: whether to apply batch normalization to every hidden layer.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.

    Raises:
        ValueError: if `image_shape` is not (H, W, C) with H and W at least 8.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        outputs_per_value: int = 1,
        filters: Sequence[int] = (64, 64, 32, 32),
        hidden: int | Sequence[int] = 128,
        activation: str = "relu",
        batch_normalization: bool = False,
        dtype: str | None = None,
        name: str | None = None,
    ):
        if len(image_shape) != 3:
            raise ValueError(f"image_shape is {tuple(image_shape)}; it must be (H, W, C)")
        _require_size("image_shape", image_shape)
        height, width, channels = image_shape
        start = (-(-height // REDUCTION), -(-width // REDUCTION), filters[0])
        style = Style(activation, batch_normalization, dtype)
        layers: list[keras.layers.Layer] = []
        for units in as_list(hidden):
            layers += style.layers(LAYERS.Dense, units)
        layers += style.layers(LAYERS.Dense, start[0] * start[1] * start[2])
        layers += [LAYERS.Reshape(start, dtype=dtype)]
        up: dict[str, Any] = {"kernel_size": 4, "strides": 2, "padding": "same"}
        for count in filters[1:]:
            layers += style.layers(LAYERS.Conv2DTranspose, count, **up)
        layers += [LAYERS.Conv2DTranspose(channels * outputs_per_value, **up, dtype=dtype)]
        if height % REDUCTION or width % REDUCTION:
            crops = [_halves(-size % REDUCTION) for size in (height, width)]
            layers += [LAYERS.Cropping2D(crops, dtype=dtype)]
        settings = {
            "image_shape": list(image_shape),
            "outputs_per_value": outputs_per_value,
            "filters": list(filters),
            "hidden": as_list(hidden),
            **style._asdict(),
        }
        super().__init__(layers, settings, name)


def _halves(pixels: int) -> tuple[int, int]:
    """Splits pixels to crop over two sides."""
    return pixels // 2, pixels - pixels // 2
