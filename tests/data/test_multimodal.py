import itertools

import ml_collections
import numpy as np
import pytest
import tensorflow as tf

from tests.data.reader_checks import assert_reader, images_of
from tests.data.test_dataset import Numbers
from tfvae.construction import construct
from tfvae.data import Arrays, Labels, Modalities, MultimodalDataset

CLASSES = np.array([2, 0, 1, 1, 0, 2, 2, 1, 0, 1])


def modalities(noisy=False, **kwargs):
    return Modalities({"number": Numbers(noisy=noisy), "digit": Labels(CLASSES)}, **kwargs)


def whole_epoch(data, batch_size=3):
    batches = list(data.epoch(batch_size))
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches)


def lacking(data):
    """Returns which examples lack each modality, by reading all data."""
    return {name: ~present for name, present in whole_epoch(data)["present"].items()}


def test_labels_are_one_hot(tmp_path):
    assert_reader(Labels(CLASSES), np.eye(3)[CLASSES])
    np.save(tmp_path / "classes.npy", CLASSES.astype(np.uint8))
    assert_reader(Labels(tmp_path / "classes.npy", num_classes=5), np.eye(5)[CLASSES])


def test_splits_of_labels_are_those_of_arrays():
    numbers = np.arange(50)
    images = np.tile(numbers[:, None, None] / np.float32(49), (1, 2, 2))
    for split, length in (("train", 45), ("test", 5)):
        labels = Labels(numbers, split=split)
        assert labels.num_examples == length
        assert labels.image_shape == (50,)
        np.testing.assert_allclose(
            images_of(Arrays(images, split=split))[:, 0, 0, 0] * 49, labels.labels, atol=1e-4
        )


@pytest.mark.parametrize(
    ("classes", "num_classes", "message"),
    [
        ([0, 3, 1], 3, r"value 3 at example 1; .* from 0 to 2 \(num_classes is 3\)"),
        ([0, 1, -2], None, r"value -2 at example 2; class numbers are from 0$"),
        ([0.5, 1.0], None, r"dtype float64, its first value is 0.5; .* integers. Bin them with"),
        ([2.0, 1.0], None, r"integers. Convert them with array.astype\(int\)"),
        (["cat", "dog"], None, r"integers. Number the values with np.unique"),
        ([[0, 1]], None, r"shape \[1, 2\]; it must be \[N\]"),
    ],
)
def test_invalid_class_numbers(classes, num_classes, message):
    with pytest.raises(ValueError, match=message):
        Labels(classes, num_classes)


def test_modalities_are_the_readers_side_by_side():
    data = modalities()
    assert data.shapes == {"number": (1, 1, 1), "digit": (3,)}
    examples = whole_epoch(data)
    assert set(examples) == {"number", "digit"}
    np.testing.assert_array_equal(examples["number"].ravel(), np.arange(10))
    np.testing.assert_array_equal(examples["digit"], np.eye(3)[CLASSES])
    batch = next(iter(data.batches(4, seed=1)))
    np.testing.assert_array_equal(
        batch["digit"], np.eye(3)[CLASSES[batch["number"].numpy().ravel().astype(int)]]
    )


def test_pipeline_is_a_function_of_seed_and_step():
    data = modalities(noisy=True, missing={"digit": 0.5})
    whole = list(itertools.islice(data.batches(4, seed=1), 6))
    resumed = itertools.islice(data.batches(4, seed=1, start_step=4), 2)
    for expected, batch in zip(whole[4:], resumed, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, batch, expected)
    assert data.batches(4, seed=1).element_spec == {
        "number": tf.TensorSpec([4, 1, 1, 1]),
        "digit": tf.TensorSpec([4, 3]),
        "present": {"digit": tf.TensorSpec([4], tf.bool)},
    }


def test_two_modalities_share_no_noise():
    data = Modalities({"a": Numbers(noisy=True), "b": Numbers(noisy=True)})
    examples = whole_epoch(data)
    assert (examples["a"] != examples["b"]).all()


def test_missing_values_are_zeros_and_never_change():
    data = modalities(missing={"digit": 0.3, "number": 0.2}, seed=3)
    lacks = lacking(data)
    assert {name: rows.sum() for name, rows in lacks.items()} == {"digit": 3, "number": 2}
    examples, full = whole_epoch(data), whole_epoch(modalities())
    for name, rows in lacks.items():
        assert (examples[name][rows] == 0).all()
        np.testing.assert_array_equal(examples[name][~rows], full[name][~rows])
    again = modalities(missing={"number": 0.2, "digit": 0.3}, seed=3)
    tf.nest.map_structure(np.testing.assert_array_equal, lacking(again), lacks)
    other = modalities(missing={"digit": 0.3, "number": 0.2}, seed=4)
    assert any((lacking(other)[name] != lacks[name]).any() for name in lacks)


def test_missing_modalities_are_independent_where_one_is_always_there():
    readers = {name: Numbers(2000) for name in "abc"}
    lacks = lacking(Modalities(readers, {"a": 0.5, "b": 0.4}))
    both = (lacks["a"] & lacks["b"]).mean()
    assert abs(both - 0.2) < 5 * np.sqrt(0.2 * 0.8 / 2000)


def test_no_example_is_left_without_any_modality():
    readers = {name: Numbers(1000) for name in "abc"}
    lacks = lacking(Modalities(readers, {"a": 0.9, "b": 0.6, "c": 0.4}))
    assert [lacks[name].mean() for name in "abc"] == [0.9, 0.6, 0.4]
    assert not np.logical_and.reduce(list(lacks.values())).any()


def test_masks_say_which_examples_lack_a_modality(tmp_path):
    mask = np.arange(10) % 3 == 0
    np.save(tmp_path / "mask.npy", mask)
    for given in (mask, str(tmp_path / "mask.npy")):
        lacks = lacking(modalities(missing={"digit": given, "number": 0.6}))
        np.testing.assert_array_equal(lacks["digit"], mask)
        np.testing.assert_array_equal(lacks["number"], ~mask)  # six of ten are left to lack it


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"label": 0.5}, "missing names 'label'; the modalities are 'number', 'digit'"),
        ({"digit": 1.5}, r"missing\['digit'\] is 1.5; it must be from 0 to 1"),
        ({"digit": 0.5, "number": 0.6}, r"0.6, 6 of 10 examples, but only 5 have another"),
        ({"digit": np.zeros(9, bool)}, r"missing\['digit'\] is bool \[9\]; .* bool \[10\]"),
        ({"digit": np.zeros(10)}, r"missing\['digit'\] is float64 \[10\]"),
        (
            {"digit": np.arange(10) > 6, "number": np.arange(10) == 8},
            "missing leaves example 8 without any modality",
        ),
    ],
)
def test_impossible_missing(missing, message):
    with pytest.raises(ValueError, match=message):
        modalities(missing=missing)


def test_impossible_readers():
    with pytest.raises(ValueError, match=r"different numbers of examples: a 10, b 12; .* split"):
        Modalities({"a": Numbers(10), "b": Numbers(12)})
    with pytest.raises(ValueError, match="a modality is called 'present'"):
        Modalities({"present": Numbers(), "a": Numbers()})
    with pytest.raises(ValueError, match="seed is -1; it must be at least 0"):
        modalities(seed=-1)
    with pytest.raises(ValueError, match="there are no modalities"):
        Modalities({})
    with pytest.raises(ValueError, match=r"readers\['pair'\] is a Modalities with .*number, digit"):
        Modalities({"pair": modalities()})


def test_wrong_shape_of_a_modality_is_rejected():
    class Wrong(MultimodalDataset):
        def gather(self, indices):
            return {"a": tf.zeros([len(indices), 3])}

    with pytest.raises(ValueError, match="Dimension 1 in both shapes must be equal"):
        Wrong(10, {"a": (2,)}).epoch(10)


def test_modalities_of_a_config(tmp_path):
    np.save(tmp_path / "images.npy", np.zeros([10, 2, 2], bool))
    np.save(tmp_path / "classes.npy", CLASSES)
    spec = ml_collections.ConfigDict({
        "name": "Modalities",
        "readers": {
            "image": {"name": "Arrays", "source": str(tmp_path / "images.npy")},
            "name": {"name": "Labels", "classes": str(tmp_path / "classes.npy")},
        },
        "missing": {"name": 0.9},
    })  # fmt: skip
    data = construct(spec.to_dict(), "tfvae.data", "config.data")
    assert data.shapes == {"image": (2, 2, 1), "name": (3,)}
    assert lacking(data)["name"].sum() == 9
    spec.readers.image.source, spec.readers.image.splt = "x.npy", "train"
    with pytest.raises(ValueError, match=r"data.readers.image.splt is unknown; did you mean 'spl"):
        construct(spec.to_dict(), "tfvae.data", "config.data")
