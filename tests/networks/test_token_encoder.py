import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvae.networks import TokenEncoder

TOKENS = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0], [2, 1, 0, 0]], np.int32)


def test_padding_is_masked():
    encoder = TokenEncoder(3, 4, 5, units=6)
    longer = TokenEncoder(3, 7, 5, units=6)
    longer.set_weights(encoder.get_weights())
    outputs = encoder(TOKENS).numpy()
    assert np.isfinite(outputs).all()
    assert len(np.unique(outputs.round(5), axis=0)) == 4  # the order of words counts
    np.testing.assert_allclose(longer(np.pad(TOKENS, [(0, 0), (0, 3)])), outputs, rtol=1e-5)
    np.testing.assert_array_equal(encoder(TOKENS.astype(np.float32)), outputs)


def test_is_built_in_its_constructor_and_saved(tmp_path):
    encoder = TokenEncoder(3, 4, 5, units=6, dtype="mixed_bfloat16")
    assert encoder.output_shape == (None, 3)
    # By hand: embedding, then three gates of input and recurrent kernels with a bias each, dense.
    assert sum(tf.size(w) for w in encoder.trainable_weights) == (
        5 * 6 + 3 * (6 * 6 + 6 * 6 + 2 * 6) + 6 * 3 + 3
    )
    encoder.save(tmp_path / "encoder.keras")
    copy = keras.models.load_model(tmp_path / "encoder.keras")
    assert copy(TOKENS).dtype == tf.bfloat16
    np.testing.assert_array_equal(copy(TOKENS), encoder(TOKENS))


def test_sizes_are_named():
    with pytest.raises(ValueError, match="length is 0; it must be at least 1"):
        TokenEncoder(3, 0, 5)
