"""A recurrent encoder of token sequences."""

import keras

from tfvae.arguments import require_at_least
from tfvae.networks.network import Network

LAYERS = keras.layers


@keras.saving.register_keras_serializable("tfvae")
class TokenEncoder(Network):
    """Recurrent encoder: tokens int [B, T] to parameters [B, outputs], by embedding and GRU.

    Token 0, the end and padding of a sequence, is masked, so that the outputs do not depend on
    the length of the padding; a sequence of zeros is valid.

    Args:
        outputs: number of parameters per example, the posterior's `params_size`.
        length: number of tokens, T.
        vocabulary_size: number of different tokens, including the end.
        units: size of the embedding and of the recurrent state.
        dtype: Keras dtype policy, such as "mixed_bfloat16".
        name: name of the model.

    Raises:
        ValueError: if a number is below 1.
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
            # Unrolled: plain operations that run in any graph.
            LAYERS.GRU(units, unroll=True, use_cudnn=False, dtype=dtype),
            LAYERS.Dense(outputs, dtype=dtype),
        ]
        super().__init__(layers, {**settings, "dtype": dtype}, name)
