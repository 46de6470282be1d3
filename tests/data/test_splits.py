import numpy as np
import pytest

from tfvae.data.splits import split_numbers


def test_train_and_test_are_all():
    train, test = (split_numbers(1000, split, 0.1) for split in ("train", "test"))
    assert len(test) == 100
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(1000))
    assert (np.diff(train) > 0).all()
    # The images of a trained model must still be the training images in the next version.
    np.testing.assert_array_equal(split_numbers(20, "test", 0.15), [3, 9, 18])


def test_drawn_from_all_over():
    assert 400 < split_numbers(1000, "test", 0.1).mean() < 600


@pytest.mark.parametrize(
    ("split", "fraction", "message"),
    [
        ("valid", 0.1, "split is 'valid'; it must be one of 'all', 'train', 'test'"),
        ("test", 1.5, "test_fraction is 1.5; it must be between 0 and 1"),
        ("test", 0.01, "split 'test' of 5 examples is empty with test_fraction=0.01"),
        ("train", 0.99, "split 'train' of 5 examples is empty"),
    ],
)
def test_errors(split, fraction, message):
    with pytest.raises(ValueError, match=message):
        split_numbers(5, split, fraction)
