import sys

import numpy as np
import pytest

from tests.data.reader_checks import READ_ERRORS, assert_disjoint_splits, assert_reader, images_of
from tfvae.data import GroundTruthDataset, TensorFlowDatasets

FACTORS = {"shape": 2, "scale": 3, "orientation": 4, "x_position": 2, "y_position": 2}


@pytest.fixture(scope="module")
def tfds():
    return pytest.importorskip("tensorflow_datasets", reason="the extra `datasets` is missing")


def store(tfds, directory, name, features, splits, **arguments):
    """Writes a data set for tfds.load, in shuffled order."""
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version="2.0.0",
        data_dir=directory,
        features=tfds.features.FeaturesDict(features),
        split_datasets={split: list(enumerate(examples)) for split, examples in splits.items()},
        disable_shuffling=False,
        **arguments,
    )


@pytest.fixture(scope="module")
def data_dir(tfds, tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("tfds"))
    features = tfds.features
    labels = {f"label_{k}": features.ClassLabel(num_classes=n) for k, n in FACTORS.items()}
    grid = list(np.ndindex(*FACTORS.values()))
    store(
        tfds,
        directory,
        "dsprites",
        {"image": features.Image(shape=(16, 16, 1)), **labels},
        {"train": [{"image": sprite(row), **dict(zip(labels, row, strict=True))} for row in grid]},
    )
    store(
        tfds,
        directory,
        "faces",
        {
            "image": features.Image(shape=(8, 6, 3), encoding_format="jpeg"),
            "attributes": {"Smiling": np.bool_},
            "value": np.float32,
            "title": features.Text(),
        },
        {"train": faces(0, 12), "validation": faces(12, 15), "test": faces(15, 20)},
    )
    store(
        tfds,
        directory,
        "odd",
        {
            "image": features.Image(shape=(None, None, 3)),
            "depth": features.Image(dtype=np.uint16, shape=(4, 4, 1)),
        },
        {
            "train": [
                {
                    "image": np.full([4 + i, 5, 3], 9, np.uint8),
                    "depth": np.zeros([4, 4, 1], np.uint16),
                }
                for i in range(3)
            ]
        },
    )
    return directory


def sprite(row):
    """The number of the combination in binary, of zeros and ones as dSprites is stored."""
    image = np.zeros([16, 16, 1], np.uint8)
    number = np.ravel_multi_index(row, tuple(FACTORS.values()))
    image[0, :8, 0] = np.unpackbits(np.uint8(number))
    return image


def faces(start, stop):
    return [
        {
            "image": np.full([8, 6, 3], 10 * i, np.uint8),
            "attributes": {"Smiling": i % 3 == 0},
            "value": i / 2,
            "title": str(i),
        }
        for i in range(start, stop)
    ]


def number_of(images):
    return np.rint(images[:, 0, 0, 0] * 25.5).astype(int)


def test_grid_has_the_order_and_scale_of_its_factors(data_dir):
    data = TensorFlowDatasets("dsprites:2.0.0", data_dir=data_dir)
    assert isinstance(data, GroundTruthDataset)
    assert data.factor_names == ("shape", "scale", "orientation", "position_x", "position_y")
    assert data.factor_sizes == tuple(FACTORS.values())
    assert_reader(data, np.stack([sprite(row) for row in np.ndindex(*data.factor_sizes)]) * 1.0)
    factors = data.sample_factors(10, seed=0)
    np.testing.assert_array_equal(data.images(factors), [sprite(row) for row in factors])
    np.testing.assert_array_equal(data.labels["label_scale"], data.factors(range(96))[:, 1])


def test_3d_shapes_have_the_published_factors(tfds, tmp_path):
    names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    features = {f"label_{name}": tfds.features.ClassLabel(num_classes=2) for name in names}
    grid = [
        {"image": np.full([2, 2, 3], number, np.uint8), **dict(zip(features, row, strict=True))}
        for number, row in enumerate(np.ndindex(*[2] * 6))
    ]
    features["image"] = tfds.features.Image(shape=(2, 2, 3))
    store(tfds, str(tmp_path), "shapes3d", features, {"train": grid[::-1]})
    data = TensorFlowDatasets("shapes3d:2.0.0", data_dir=tmp_path)
    assert (data.factor_names, data.factor_sizes) == (names, (2,) * 6)
    np.testing.assert_allclose(images_of(data)[:, 0, 0, 0], np.arange(64) / 255, atol=1e-6)


def test_factors_of_a_custom_grid(data_dir):
    data = TensorFlowDatasets(
        "dsprites:2.0.0",
        data_dir=data_dir,
        factors=[
            "label_y_position",
            "label_scale",
            "label_x_position",
            "label_shape",
            "label_orientation",
        ],
    )
    assert data.factor_names[0] == "label_y_position"
    image = data.images(np.array([[1, 2, 0, 1, 3]]))
    np.testing.assert_array_equal(image, [sprite([1, 2, 3, 0, 1])])


def test_part_of_a_grid_has_no_factors(data_dir):
    def make(split):
        return TensorFlowDatasets("dsprites:2.0.0", split=split, data_dir=data_dir)

    assert not isinstance(make("train"), GroundTruthDataset)
    assert_disjoint_splits(make, images_of(make("all")))
    assert len(make("test").labels["label_scale"]) == make("test").num_examples


def test_own_splits_and_labels(data_dir):
    sizes = {"train": (0, 12), "validation": (12, 15), "test": (15, 20), "all": (0, 20)}
    for split, (start, stop) in sizes.items():
        data = TensorFlowDatasets("faces", split=split, data_dir=data_dir)
        numbers = number_of(images_of(data))
        assert sorted(numbers) == list(range(start, stop))
        assert set(data.labels) == {"attributes/Smiling", "value"}
        np.testing.assert_array_equal(data.labels["attributes/Smiling"], numbers % 3 == 0)
        np.testing.assert_array_equal(data.labels["value"], numbers / 2)
    assert_reader(data, images_of(data))


def test_image_size(data_dir):
    assert TensorFlowDatasets("faces", data_dir=data_dir, image_size=(4, 4)).image_shape == (
        4,
        4,
        3,
    )
    data = TensorFlowDatasets("odd", data_dir=data_dir, image_size=(4, 4))
    np.testing.assert_allclose(images_of(data), np.full([3, 4, 4, 3], 9 / 255), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("faces", {"split": "dev"}, "split is 'dev'; it must be one of 'all', 'train', 'val"),
        ("odd", {"split": "dev"}, "split is 'dev'; it must be one of 'all', 'train', 'test'"),
        ("odd", {}, r"images of odd have several sizes; pass image_size"),
        ("odd", {"image_feature": "x"}, "no feature 'x'; pass image_feature= one of .*image"),
        ("odd", {"image_feature": "depth"}, r"'depth' of odd is uint16 .* 8-bit image"),
        (
            "faces",
            {"factors": ["age"]},
            "no label age; factors must be among attributes/Smiling, value",
        ),
        (
            "faces",
            {"factors": ["attributes/Smiling"]},
            r"20 images of faces are not all .* 2 attributes/Smiling are 2 \(2 occur\)",
        ),
        (
            "faces",
            {"factors": ["value", "attributes/Smiling"]},
            r"20 value x 2 .* are 40 \(20 occur\)\. .*continuous ones .*bin_factors",
        ),
        ("faces", {"factors": ["value"], "split": "test"}, "with factors it must be 'all'"),
    ],
)
def test_errors(data_dir, name, arguments, message):
    with pytest.raises(ValueError, match=message):
        TensorFlowDatasets(name, data_dir=data_dir, **arguments)


def test_damaged_record_is_named(tfds, tmp_path):
    features = {"image": tfds.features.Image(shape=(4, 4, 1))}
    images = [{"image": np.full([4, 4, 1], i, np.uint8)} for i in range(4)]
    store(tfds, str(tmp_path), "small", features, {"train": images})
    data = TensorFlowDatasets("small", data_dir=tmp_path)
    (file,) = tmp_path.glob("small/2.0.0/*.tfrecord*")
    content = bytearray(file.read_bytes())
    content[-10] ^= 1
    file.write_bytes(content)
    with pytest.raises(READ_ERRORS, match=r"small-train.*record 3, is damaged"):
        images_of(data)


def test_other_file_formats_are_refused(tfds, tmp_path):
    pytest.importorskip("array_record")
    features = {"image": tfds.features.Image(shape=(4, 4, 1))}
    images = [{"image": np.zeros([4, 4, 1], np.uint8)}]
    store(tfds, str(tmp_path), "rows", features, {"train": images}, file_format="array_record")
    with pytest.raises(ValueError, match="rows is stored as array_record; prepare it as TFRecords"):
        TensorFlowDatasets("rows", data_dir=tmp_path)


def test_unprepared_data_says_where_they_belong(tfds, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ConnectionError, match="no network") as error:
        TensorFlowDatasets("shapes3d", data_dir=tmp_path)
    (note,) = error.value.__notes__
    assert "shapes3d is not prepared under" in note
    assert str(tmp_path) in note


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r"install tfvae\[datasets\]"):
        TensorFlowDatasets("mnist")
