import os

import h5py
import numpy as np
import pytest

from tests.data.reader_checks import assert_reader
from tfvae.data import Shapes2D, Shapes2DFile, Shapes3D, Shapes3DFile

SIZES_2D = (3, 2, 4, 2, 3)
SIZES_3D = (2, 3, 2, 2, 2, 3)
IMAGES_2D = np.random.default_rng(0).integers(0, 2, [144, 8, 16], dtype=np.uint8)
IMAGES_3D = np.random.default_rng(0).integers(0, 256, [144, 8, 8, 3], dtype=np.uint8)


def write_npz(path, sizes=SIZES_2D, **changes):
    """A small file as dSprites is published: a colour that never varies, then the factors."""
    classes = np.stack([axis.ravel() for axis in np.indices((1, *sizes))], axis=1)
    arrays = {"imgs": IMAGES_2D, "latents_classes": classes, "latents_values": classes / 2.0}
    arrays["metadata"] = np.array({"title": "dsprites"}, dtype=object)
    arrays = {name: array for name, array in (arrays | changes).items() if array is not None}
    np.savez_compressed(path, **arrays)
    return path


def write_h5(path, images=IMAGES_3D, order=slice(None), columns=6):
    """A small file as 3D Shapes is published: labels are the values of the factors."""
    classes = np.stack([axis.ravel() for axis in np.indices(SIZES_3D)], axis=1)
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, compression="gzip", chunks=(50, 4, 4, 1))
        file["labels"] = (-30.0 + 4 * classes)[order, :columns]
    return path


def test_2d_shapes(tmp_path):
    data = Shapes2DFile(write_npz(tmp_path / "a.npz"))
    assert (data.factor_names, data.factor_sizes) == (Shapes2D.factor_names, SIZES_2D)
    assert_reader(data, IMAGES_2D[..., None] * 1.0)
    factors = data.sample_factors(20, seed=0)
    numbers = np.ravel_multi_index(tuple(factors.T), SIZES_2D)
    np.testing.assert_array_equal(data.images(factors), IMAGES_2D[numbers][..., None])


@pytest.mark.parametrize("unpacked", [False, True])
def test_3d_shapes(tmp_path, unpacked):
    data = Shapes3DFile(write_h5(tmp_path / "3dshapes.h5"), unpacked)
    assert (data.factor_names, data.factor_sizes) == (Shapes3D.factor_names, SIZES_3D)
    assert_reader(data, IMAGES_3D / 255)
    factors = data.sample_factors(20, seed=0)
    numbers = np.ravel_multi_index(tuple(factors.T), SIZES_3D)
    np.testing.assert_allclose(data.images(factors), IMAGES_3D[numbers] / 255, atol=1e-6)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == ({"3dshapes.h5", "3dshapes.npy"} if unpacked else {"3dshapes.h5"})


def test_unpacked_images_are_used_again_unless_older(tmp_path):
    path = write_h5(tmp_path / "3dshapes.h5")
    Shapes3DFile(path, unpacked=True)
    unpacked = tmp_path / "3dshapes.npy"
    np.save(unpacked, 255 - IMAGES_3D)  # to see which of the two is read
    assert_reader(Shapes3DFile(path, unpacked=True), 1 - IMAGES_3D / 255)
    later = unpacked.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    assert_reader(Shapes3DFile(path, unpacked=True), IMAGES_3D / 255)
    np.save(unpacked, IMAGES_3D[:100])
    os.utime(unpacked, ns=(later, later))
    with pytest.raises(ValueError, match=r"3dshapes.npy is uint8 \[100, 8, 8, 3\]; .* Remove"):
        Shapes3DFile(path, unpacked=True)


@pytest.mark.parametrize(
    ("reader", "origin"),
    [
        (Shapes2DFile, "dsprites_ndarray.*64x64.npz from https://github.com/.*dsprites-dataset"),
        (Shapes3DFile, "3dshapes.h5 from https://storage.googleapis.com/3d-shapes"),
    ],
)
def test_files_that_are_missing_or_broken(tmp_path, reader, origin):
    with pytest.raises(FileNotFoundError, match=f"no file .*gone; download {origin}"):
        reader(tmp_path / "gone")
    (tmp_path / "broken").write_text("<html>")
    with pytest.raises(ValueError, match="broken cannot be read as an"):
        reader(tmp_path / "broken")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imgs": None}, r"has arrays latents_classes.*has imgs \[N, 64, 64\]"),
        ({"latents_classes": np.zeros([144, 5], int)}, r"latents_classes of shape \[144, 5\]"),
        ({"imgs": IMAGES_2D[:100]}, r"100 images and the factors of 144; factors of sizes \[3, 2"),
        ({"imgs": IMAGES_2D * 255}, "imgs has the value 255; it must be zeros and ones"),
        ({"imgs": IMAGES_2D[0]}, r"imgs is uint8 \[8, 16\]; it must be uint8 \[N, 64, 64\]"),
        ({"imgs": IMAGES_2D * 1.0}, r"imgs is float64 \[144, 8, 16\]"),
    ],
)
def test_2d_shapes_of_another_layout(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        Shapes2DFile(write_npz(tmp_path / "a.npz", **changes))


def test_truncated_2d_shapes(tmp_path):
    path = write_npz(tmp_path / "a.npz")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"a\.npz cannot be read as an"):
        Shapes2DFile(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES_3D[..., :1]}, r"it must have images, uint8 \[N, 64, 64, 3\]"),
        ({"images": IMAGES_3D / 255}, r"it must have images, uint8 \[N, 64, 64, 3\]"),
        ({"columns": 5}, r"and labels \[N, 6\]"),
        ({"images": IMAGES_3D[:99]}, r"has 99 images and the factors of 144"),
        ({"order": [1, 0, *range(2, 144)]}, r"image 0 has factors \[0.* 1\], .* belong to image 1"),
    ],
)
def test_3d_shapes_of_another_layout(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        Shapes3DFile(write_h5(tmp_path / "3dshapes.h5", **changes))
