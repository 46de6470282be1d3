import numpy as np
import pytest

from tests.data.test_multimodal import lacking, whole_epoch
from tfvae.data import MNIST, LabelledMNIST, PairedMNIST


def halves(images):
    return {0: images[:, :, :28], 1: images[:, :, 28:]}


@pytest.mark.parametrize("binarisation", ["none", "fixed"])
def test_digits_are_where_the_position_says(directory, arrays, binarisation):
    digits = sorted(set(arrays["y_train"].tolist()), reverse=True)[:3]
    data = PairedMNIST("train", digits, binarisation, directory)
    chosen = np.isin(arrays["y_train"], digits)
    assert data.num_examples == chosen.sum()
    assert data.shapes == {"image": (28, 56, 1), "position": (2,), "digit": (3,)}
    examples = whole_epoch(data)
    mnist = whole_epoch(MNIST("train", binarisation, directory))[chosen]
    place, digit = examples["position"].argmax(1), examples["digit"].argmax(1)
    np.testing.assert_array_equal(np.array(digits)[digit], arrays["y_train"][chosen])
    np.testing.assert_array_equal(data.labels, arrays["y_train"][chosen])
    np.testing.assert_array_equal(data.places, place)
    for number in range(data.num_examples):
        shown = {side: half[number] for side, half in halves(examples["image"]).items()}
        np.testing.assert_array_equal(shown[place[number]], mnist[number])
        assert not shown[1 - place[number]].any()


def test_half_of_every_digit_is_on_each_side(directory, arrays):
    np.savez(
        directory / "mnist.npz",
        **{**arrays, "y_train": np.repeat([3, 1], 6).astype(np.uint8)},
    )
    both, one = (PairedMNIST("train", digits, path=directory) for digits in ((1, 3), [3]))
    assert both.places[:6].sum() == both.places[6:].sum() == 3
    np.testing.assert_array_equal(both.places[:6], one.places)
    assert len(set(np.diff(both.places))) == 3  # not in turn


def test_dynamic_binarisation_reaches_the_canvas(directory):
    data = PairedMNIST("train", range(10), "dynamic", directory)
    shown, other = (
        next(iter(data.batches(12, seed=0, start_step=step)))["image"] for step in (0, 1)
    )
    assert set(np.unique(shown)) == {0, 1}
    assert (shown != other).numpy().any()


def test_missing_attributes(directory):
    data = PairedMNIST("train", range(10), path=directory, missing={"digit": 0.5, "position": 0.25})
    assert {name: rows.sum() for name, rows in lacking(data).items()} == {
        "digit": 6, "position": 3,
    }  # fmt: skip
    labelled = LabelledMNIST("test", path=directory, missing={"digit": 0.8})
    assert lacking(labelled)["digit"].sum() == 4


def test_labelled_digits(directory, arrays):
    data = LabelledMNIST("test", path=directory)
    examples = whole_epoch(data)
    np.testing.assert_array_equal(examples["digit"], np.eye(10)[arrays["y_test"]])
    np.testing.assert_array_equal(examples["image"], whole_epoch(MNIST("test", path=directory)))
    np.testing.assert_array_equal(data.labels, arrays["y_test"])


def test_errors(directory, arrays):
    for digits in ([], [1, 1], [10], [-1]):
        with pytest.raises(ValueError, match=r"digits is \[.*\]; they must be some of 0 to 9"):
            PairedMNIST("train", digits, path=directory)
    with pytest.raises(ValueError, match="split is 'all'; it must be one of 'train', 'test'"):
        PairedMNIST("all", path=directory)
    absent = next(d for d in range(10) if d not in arrays["y_test"])
    with pytest.raises(ValueError, match=rf"digits is \({absent},\); split 'test' has none"):
        PairedMNIST("test", [absent], path=directory)
