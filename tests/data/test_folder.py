import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.data.reader_checks import READ_ERRORS, assert_disjoint_splits, assert_reader, images_of
from tfvae.data import ImageFolder
from tfvae.training.checks import readable_errors

IMAGES = np.random.default_rng(0).integers(0, 256, [11, 6, 5, 3], dtype=np.uint8)
FLOATS = IMAGES / 255


@pytest.fixture
def folder(tmp_path):
    """Eleven PNGs, the last two in a subfolder, and other files."""
    (tmp_path / "more").mkdir()
    for number, image in enumerate(IMAGES):
        Image.fromarray(image).save(tmp_path / ("more" if number > 8 else "") / f"{number:02}.png")
    (tmp_path / "README.txt").write_text("images")
    (tmp_path / "._00.png").write_text("hidden")
    return tmp_path


def test_images_in_the_order_of_their_paths(folder):
    data = ImageFolder(folder)
    assert_reader(data, FLOATS)
    assert [path.name for path in data.paths] == [f"{i:02}.png" for i in range(11)]


def test_splits(folder):
    assert_disjoint_splits(lambda split: ImageFolder(folder, split=split), FLOATS)


def test_grey(folder):
    expected = [np.asarray(Image.fromarray(image).convert("L")) for image in IMAGES]
    assert_reader(ImageFolder(str(folder), channels=1), np.stack(expected)[..., None] / 255)


def test_resize_keeps_the_centre_and_aspect_ratio(tmp_path):
    """White left and right of a grey square: only the square is kept, up to interpolation."""
    image = np.full([8, 16], 255, np.uint8)
    image[:, 4:12] = 100
    Image.fromarray(image).save(tmp_path / "wide.png")
    Image.fromarray(image.T).save(tmp_path / "high.png")
    data = ImageFolder(tmp_path, image_size=(4, 4))
    assert data.image_shape == (4, 4, 1)
    np.testing.assert_allclose(images_of(data), 100 / 255, atol=0.1)


def test_crop_is_central_and_comes_before_resizing(tmp_path):
    """A white frame of two pixels round 4 x 6 grey ones."""
    image = np.full([8, 10], 255, np.uint8)
    image[2:6, 2:8] = 100
    Image.fromarray(image).save(tmp_path / "a.png")
    np.testing.assert_allclose(images_of(ImageFolder(tmp_path, crop_size=(4, 6))), 100 / 255)
    resized = ImageFolder(tmp_path, crop_size=(4, 6), image_size=(2, 2))
    assert_reader(resized, np.full([1, 2, 2, 1], 100 / 255))
    with pytest.raises(ValueError, match=r"crop_size is \(8, 11\); .*a\.png has only 8 x 10 pix"):
        ImageFolder(tmp_path, crop_size=(8, 11))
    with pytest.raises(ValueError, match=r"crop_size is \(0, 4\); it must be \(height, width\)"):
        ImageFolder(tmp_path, crop_size=(0, 4))


def test_images_in_memory_are_read_once(folder):
    data = ImageFolder(folder, in_memory=True)
    assert_reader(data, FLOATS)
    for path in data.paths:
        path.unlink()
    assert_reader(data, FLOATS)


def test_other_formats(tmp_path):
    gray = np.full([16, 16], 80, np.uint8)
    for name in ("a.JPG", "b.jpeg", "c.bmp", "d.webp", "e.tif", "f.gif"):
        Image.fromarray(gray).save(tmp_path / name)
    Image.fromarray(gray).convert("RGBA").save(tmp_path / "g.png")
    data = ImageFolder(tmp_path, channels=1)
    assert data.num_examples == 7
    np.testing.assert_allclose(images_of(data), 80 / 255, atol=3 / 255)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def test_unreadable_image_is_named(folder):
    (folder / "05.png").write_text("no image")
    with pytest.raises(ValueError, match=r"05\.png cannot be decoded: its format is not one of"):
        ImageFolder(folder)


def test_truncated_image_is_named_when_read(folder):
    truncate(folder / "07.png")
    data = ImageFolder(folder)  # the header is whole
    images_of(data, [6, 8])
    with pytest.raises(READ_ERRORS, match=r"07\.png cannot be decoded"):
        list(data.epoch(4))
    sentence = r"^[^:]*07\.png cannot be decoded: [^\n]*$"
    with pytest.raises(ValueError, match=sentence), readable_errors():
        list(data.epoch(4))


def test_vanished_image_is_named_when_read(folder):
    data = ImageFolder(folder)
    (folder / "07.png").unlink()
    sentence = r"No such file or directory: '[^\n]*07\.png'$"
    with pytest.raises(OSError, match=sentence), readable_errors():
        list(data.epoch(4))


def test_unreadable_images_are_skipped_on_request(folder, recwarn):
    truncate(folder / "07.png")
    (folder / "more" / "09.png").write_bytes(b"")
    data = ImageFolder(folder, skip_unreadable=True)
    assert_reader(data, np.delete(FLOATS, [7, 9], axis=0))
    assert data.num_unreadable == 2
    assert [path.name for path in data.unreadable] == ["07.png", "09.png"]
    (warning,) = [str(w.message) for w in recwarn if "are skipped" in str(w.message)]
    assert "2 of 11 images" in warning
    assert "07.png" in warning


def test_whole_folder_skips_nothing(folder, recwarn):
    assert ImageFolder(folder, skip_unreadable=True).num_unreadable == 0
    assert not [w for w in recwarn if "are skipped" in str(w.message)]


def test_no_image_can_be_read(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    with (
        pytest.warns(UserWarning, match="1 of 1 images"),
        pytest.raises(ValueError, match=r"no image in .* can be read"),
    ):
        ImageFolder(tmp_path, skip_unreadable=True)


def test_images_of_several_shapes(folder):
    Image.fromarray(IMAGES[0, :, :4]).save(folder / "03.png")
    with pytest.raises(
        ValueError,
        match=r"03\.png has shape \[6, 4, 3\]; it must be \[6, 5, 3\].*"
        r"image_size=\(height, width\)",
    ):
        ImageFolder(folder)
    assert ImageFolder(folder, image_size=(6, 5)).image_shape == (6, 5, 3)
    Image.fromarray(IMAGES[0, :, :, 0]).save(folder / "03.png")
    with pytest.raises(
        ValueError, match=r"shape \[6, 5, 1\]; it must be \[6, 5, 3\], .* channels=1 or 3"
    ):
        ImageFolder(folder)


def test_file_that_changes_shape_later(folder):
    data = ImageFolder(folder)
    Image.fromarray(IMAGES[0, :, :4]).save(folder / "03.png")
    with pytest.raises(READ_ERRORS, match=r"03\.png has shape \[6, 4, 3\]"):
        images_of(data)


ORIENTED = {  # orientation of EXIF: how the upright image is stored
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: np.rot90(image, -1),
}


@pytest.mark.parametrize("kind", [".png", ".webp", ".tif"])
def test_images_are_upright_by_their_exif_orientation(kind, tmp_path):
    for number, stored in ORIENTED.items():
        exif = Image.Exif()
        exif[0x0112] = number
        picture = Image.fromarray(np.ascontiguousarray(stored(IMAGES[number])))
        picture.save(tmp_path / f"{number}{kind}", exif=exif, lossless=True)
    upright = IMAGES[list(ORIENTED)]
    assert_reader(ImageFolder(tmp_path), upright / 255)
    cropped = ImageFolder(tmp_path, crop_size=(6, 3))  # 6 pixels are there only if upright
    assert_reader(cropped, upright[:, :, 1:4] / 255)


def test_damaged_exif_data_is_ignored(tmp_path):
    for name, exif in {"a": b"Exif\0\0nothing", "b": b"Exif\0\0MM\0*\0\0\0\x08\0\x05"}.items():
        Image.fromarray(IMAGES[0]).save(tmp_path / f"{name}.jpg", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's of the damage
        data = ImageFolder(tmp_path)
        assert images_of(data).shape == (2, 6, 5, 3)


def test_links_are_followed_once(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for number in range(2):
        Image.fromarray(IMAGES[number]).save(elsewhere / f"{number}.png")
    (folder / "one").symlink_to(elsewhere)
    (folder / "two").symlink_to(elsewhere)
    (folder / "above").symlink_to(folder / "more")
    (elsewhere / "cycle").symlink_to(folder)
    (folder / "z.png").symlink_to(elsewhere / "0.png")
    data = ImageFolder(folder)
    assert_reader(data, FLOATS[[*range(11), 0, 1, 0]])
    assert [path.parent.name for path in data.paths[9:13]] == ["more", "more", "one", "one"]


@pytest.mark.parametrize("name", ["05b.png", "cats"])
def test_broken_links_are_named_or_skipped(name, folder):
    (folder / name).symlink_to(folder / "gone")
    (folder / "notes.txt").symlink_to(folder / "gone")
    with pytest.raises(ValueError, match=rf"{name} is a broken link to .*gone; remove it, or pass"):
        ImageFolder(folder)
    with pytest.warns(UserWarning, match=f"1 of 12 images .*{name}"):
        data = ImageFolder(folder, skip_unreadable=True)
    assert_reader(data, FLOATS)


def png_of_16_bits(colour_type, channels):
    def chunk(name, content):
        framed = name + content
        return struct.pack(">I", len(content)) + framed + struct.pack(">I", zlib.crc32(framed))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 4, 16, colour_type, 0, 0, 0))
    rows = zlib.compress(4 * (b"\0" + 5 * channels * b"\x12\x34"))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("grey.png", png_of_16_bits(0, 1)),
        ("colour.png", png_of_16_bits(2, 3)),
        ("grey_alpha.png", png_of_16_bits(4, 2)),
        ("colour_alpha.png", png_of_16_bits(6, 4)),
        ("colour.ppm", b"P6 2 1 65535\n" + 6 * b"\x12\x34"),
        ("text.ppm", b"P3 2 1 1000\n 1 2 3 4 5 6"),
    ],
)
def test_more_than_8_bits_are_refused(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    message = rf"{name} has pixel mode .*; 8-bit grey or colour is needed.* / 65535"
    with pytest.raises(ValueError, match=message):
        ImageFolder(tmp_path, channels=3)


def test_errors(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty has no image in it"):
        ImageFolder(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*gone"):
        ImageFolder(tmp_path / "gone")
    with pytest.raises(ValueError, match="path is empty; give the folder of the images"):
        ImageFolder("")
    with pytest.raises(ValueError, match="split is 'dev'; it must be one of 'all'"):
        ImageFolder(folder, split="dev")
    with pytest.raises(ValueError, match="channels is 2; it must be 1, 3 or None"):
        ImageFolder(folder, channels=2)
    with pytest.raises(ValueError, match=r"image_size is \(64,\); it must be \(height, width\)"):
        ImageFolder(folder, image_size=(64,))
