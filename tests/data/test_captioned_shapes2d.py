import numpy as np
import pytest
import tensorflow as tf

from tfvae.data import CaptionedShapes2D, Shapes2D


@pytest.fixture(scope="module")
def data():
    return CaptionedShapes2D()


@pytest.mark.parametrize(
    ("factors", "caption"),
    [
        ([2, 0, 0, 0, 0], "small heart, left, top"),
        ([2, 1, 39, 10, 10], "small heart, left, top"),
        ([0, 2, 5, 11, 21], "medium square, centre, middle"),
        ([1, 3, 5, 21, 22], "medium ellipse, centre, bottom"),
        ([1, 5, 5, 31, 31], "large ellipse, right, bottom"),
    ],
)
def test_captions_say_the_factors(data, factors, caption):
    shapes = Shapes2D()
    number = tf.constant(shapes.indices(np.array([factors])))
    example = data.gather(number)
    assert data.captions(example["caption"]) == [caption]
    np.testing.assert_array_equal(example["image"], shapes.images(np.array([factors])))
    np.testing.assert_array_equal(data.tokens([caption]), example["caption"])
    assert example["caption"].dtype == tf.int32


def test_every_caption_is_as_frequent_as_its_factors(data):
    tokens = data.readers["caption"].gather(tf.range(data.num_examples, dtype=tf.int64)).numpy()
    assert (tokens[:, -1] == 0).all()
    words, counts = np.unique(tokens[:, :-1], return_counts=True)
    shares = dict(zip(words.tolist(), counts / data.num_examples, strict=True))
    for word in data.vocabulary[1:7]:
        assert shares[data.vocabulary.index(word)] == pytest.approx(1 / 3)
    for word, positions in zip(data.vocabulary[7:], (11, 11, 10, 11, 11, 10), strict=True):
        assert shares[data.vocabulary.index(word)] == pytest.approx(positions / 32)
    assert len(np.unique(tokens, axis=0)) == 81


def test_pipeline_resumes_and_missing_captions_are_padding():
    data = CaptionedShapes2D(missing={"caption": 0.5})
    whole = list(data.batches(8, seed=2).take(3))
    (resumed,) = data.batches(8, seed=2, start_step=2).take(1)
    tf.nest.map_structure(np.testing.assert_array_equal, resumed, whole[2])
    captions = tf.concat([batch["caption"] for batch in whole], 0).numpy()
    present = tf.concat([batch["present"]["caption"] for batch in whole], 0).numpy()
    np.testing.assert_array_equal((captions > 0).any(axis=1), present)
    assert 0 < present.sum() < 24


def test_tokens_and_strings():
    tokens = CaptionedShapes2D.tokens(["heart", "top,large square", ""])
    assert tokens.shape == (3, 5)
    assert CaptionedShapes2D.captions(tokens) == ["heart", "top large square", ""]
    assert CaptionedShapes2D.captions([[6, 0, 1, 2, 3]]) == ["heart"]
    with pytest.raises(ValueError, match="'big heart' has the word 'big'; the words are small, "):
        CaptionedShapes2D.tokens(["small heart", "big heart"])
    with pytest.raises(ValueError, match=r"has the word '<end>'; the words are"):
        CaptionedShapes2D.tokens(["<end>"])
    with pytest.raises(ValueError, match="has 5 words; at most 4 leave room for its end"):
        CaptionedShapes2D.tokens(["left left left left left"])
    with pytest.raises(ValueError, match="tokens has 13; tokens are from 0 to 12"):
        CaptionedShapes2D.captions([[13, 0, 0, 0, 0]])
