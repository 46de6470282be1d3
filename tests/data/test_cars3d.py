import numpy as np
import pytest
from scipy.io import savemat

from tests.data.reader_checks import assert_reader, images_of
from tfvae.data import Cars3D


def view(elevation, azimuth, car):
    return 50 * elevation + 4 * azimuth + car


@pytest.fixture
def directory(tmp_path):
    for car in range(2):
        views = np.array([[view(e, a, car) for e in range(4)] for a in range(24)], np.uint8)
        images = np.tile(views, (8, 8, 3, 1, 1))
        savemat(tmp_path / f"car_{car:03}_mesh.mat", {"im": images})
    return tmp_path


def test_images_of_factors(directory):
    data = Cars3D(directory, image_size=(4, 4))
    assert data.factor_names == ("elevation", "azimuth", "object_type")
    assert data.factor_sizes == (4, 24, 2)
    factors = data.sample_factors(20, seed=0)
    images = 255 * data.images(factors)
    np.testing.assert_allclose(images[:, 0, 0, 0], [view(*row) for row in factors], atol=1e-4)
    assert_reader(data, images_of(data))


def test_errors(directory, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone contains no \*.mat"):
        Cars3D(tmp_path / "gone")
    savemat(directory / "car_002_mesh.mat", {"im": np.zeros([8, 8, 3, 24, 3], np.uint8)})
    with pytest.raises(ValueError, match=r"car_002_mesh.mat: array im is uint8 \[8, 8, 3, 24, 3\]"):
        Cars3D(directory)
    savemat(directory / "car_002_mesh.mat", {"images": np.zeros(3)})
    with pytest.raises(ValueError, match=r"car_002_mesh.mat: array im is"):
        Cars3D(directory)
