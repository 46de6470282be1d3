"""A recurrent network of token sequences."""

import keras

from tfvae.arguments import require_at_least
from tfvae.networks.network import Network

LAYERS = keras.layers


@keras.saving.register_keras_serializable("tfvae")
class TokenEncoder(Network):
    """Tokens int [B, T] to parameters [B, outputs]: embedded, then a gated recurrent layer.

    Token 0, the end and the padding of a sequence, is passed over: however long the padding, the
    outputs are those of the tokens alone, and a sequence of zeros has outputs of its own.

    Args:
        outputs: number of parameters per example, the posterior's `params_size`.
        length: number of tokens, T.
        vocabulary_size: number of different tokens, with the end.
        units: size of an embedded token and of the recurrent state.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: the model's name.

    Raises:
        ValueError: for a number below 1.
    """

    def __init__(
        self,
        outputs: int,
        length: int,
        vocabulary_size: int,
        units: int = 64,
        dtype: str | None = None,
        name: str | None = None,
    ):
        settings = {
            "outputs": outputs,
            "length": length,
            "vocabulary_size": vocabulary_size,
            "units": units,
        }
        require_at_least(1, **settings)
        layers = [
            LAYERS.InputLayer((length,), dtype="int32"),
            LAYERS.Embedding(vocabulary_size, units, mask_zero=True, dtype=dtype),
            # Unrolled, in plain operations that run wherever a graph does.
            LAYERS.GRU(units, unroll=True, use_cudnn=False, dtype=dtype),
            LAYERS.Dense(outputs, dtype=dtype),
        ]
        super().__init__(layers, {**settings, "dtype": dtype}, name)
