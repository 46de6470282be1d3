"""2D Shapes with captions that describe their factors."""

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from tfvae.data.dataset import Dataset, strides
from tfvae.data.modalities import Missing, Modalities
from tfvae.data.shapes2d import Shapes2D
from tfvae.data.shapes2d_outlines import SHAPES

END = "<end>"  # token 0, also used as padding after the end
SIZES = ("small", "medium", "large")
COLUMNS = ("left", "centre", "right")
ROWS = ("top", "middle", "bottom")


class CaptionedShapes2D(Modalities):
    """The images of `Shapes2D` with captions such as "small heart, left, top".

    The modalities are:

    * image: float32 [64, 64, 1], zeros and ones;
    * caption: int32 [5], indices into `vocabulary`: size, shape, column, row, "<end>".

    Each word stands for a third of the scales or of the positions: small, medium, large; left,
    centre, right; top, middle, bottom. There are 81 captions.

    Args:
        missing: which examples lack a modality, as in `Modalities`; a missing caption is all
            zeros.
        seed: seed that selects the examples with missing modalities.

    Attributes:
        vocabulary: the words; word 0 ends a caption and pads it.
        caption_length: number of tokens in a caption, T, including "<end>".

    Raises:
        ValueError: as `Modalities`.
    """

    vocabulary: tuple[str, ...] = (END, *SIZES, *SHAPES, *COLUMNS, *ROWS)
    caption_length = 5

    def __init__(self, missing: Missing | None = None, seed: int = 0):
        super().__init__({"image": Shapes2D(), "caption": _Captions()}, missing, seed)

    @classmethod
    def tokens(cls, captions: Iterable[str]) -> np.ndarray:
        """Converts captions to tokens, int32 [n, T]; commas and missing words are allowed.

        Raises:
            ValueError: if a word is not in `vocabulary` (it is named), or there are too many words.
        """
        captions = list(captions)
        tokens = np.zeros([len(captions), cls.caption_length], np.int32)
        for row, caption in zip(tokens, captions, strict=True):
            words = caption.replace(",", " ").split()
            unknown = [word for word in words if word not in cls.vocabulary[1:]]
            if unknown:
                raise ValueError(
                    f"caption {caption!r} has the word {unknown[0]!r}; the words are "
                    f"{', '.join(cls.vocabulary[1:])}"
                )
            if len(words) >= cls.caption_length:
                raise ValueError(
                    f"caption {caption!r} has {len(words)} words; at most "
                    f"{cls.caption_length - 1} leave room for its end"
                )
            row[: len(words)] = [cls.vocabulary.index(word) for word in words]
        return tokens

    @classmethod
    def captions(cls, tokens: Sequence[Sequence[int]] | np.ndarray) -> list[str]:
        """Converts tokens, int [n, T], to captions; tokens after "<end>" are ignored.

        Raises:
            ValueError: if a token is outside the vocabulary (it is named).
        """
        captions = []
        for row in np.asarray(tokens).tolist():
            outside = [token for token in row if not 0 <= token < len(cls.vocabulary)]
            if outside:
                raise ValueError(
                    f"tokens has {outside[0]}; tokens are from 0 to {len(cls.vocabulary) - 1}"
                )
            words = [cls.vocabulary[token] for token in row]
            words = words[: words.index(END)] if END in words else words
            text = "".join(f", {word}" if word in COLUMNS + ROWS else f" {word}" for word in words)
            captions.append(text.lstrip(", "))
        return captions


class _Captions(Dataset):
    """Captions for the images in `Shapes2D`, int32 [5]."""

    num_examples = Shapes2D.num_examples
    image_shape = (CaptionedShapes2D.caption_length,)

    def gather(self, indices: tf.Tensor) -> tf.Tensor:
        """Returns captions `indices` (int64 [n]) as int32 [n, 5]."""
        sizes = Shapes2D.factor_sizes
        factors = indices[:, tf.newaxis] // strides(sizes) % np.array(sizes)
        shape, scale, _, x, y = tf.unstack(factors, axis=1)
        numbers = {
            SIZES: scale * len(SIZES) // sizes[1],
            SHAPES: shape,
            COLUMNS: x * len(COLUMNS) // sizes[3],
            ROWS: y * len(ROWS) // sizes[4],
            (END,): tf.zeros_like(shape),
        }
        tokens = [
            CaptionedShapes2D.vocabulary.index(words[0]) + number
            for words, number in numbers.items()
        ]
        return tf.cast(tf.stack(tokens, axis=1), tf.int32)
