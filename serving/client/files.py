"""Files that the command reads and writes: arrays, JSON and pictures."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ARRAYS = (".npy", ".npz", ".json")


class Given(NamedTuple):
    """What files hold.

    Attributes:
        pictures: Their bytes; None where they hold arrays.
        arrays: One array, or a dictionary of them.
    """

    pictures: list[bytes] | None
    arrays: Any = None


def read(paths: Sequence[str]) -> Given:
    """Reads one file of arrays, or pictures.

    Raises:
        ValueError: Both kinds, several files of arrays, or one that is none.
        OSError: A file cannot be read.
    """
    arrays = [path for path in paths if path.lower().endswith(ARRAYS)]
    if not arrays:
        return Given([Path(path).read_bytes() for path in paths])
    if len(paths) > 1:
        raise ValueError(
            f"{arrays[0]} is a file of arrays; give it alone, with a row for each example"
        )
    return Given(None, read_arrays(arrays[0]))


def read_arrays(path: str) -> Any:
    """Reads an array, or a dictionary of them, from .npy, .npz or .json.

    Raises:
        ValueError: It holds none.
        OSError: It cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        if path.lower().endswith(".json"):
            found = json.loads(content)
            if not isinstance(found, dict):
                return np.asarray(found)
            return {name: np.asarray(value) for name, value in found.items()}
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        arrays = {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} holds no arrays: {error}") from error
    return arrays if len(arrays) != 1 else next(iter(arrays.values()))


def latents(arrays: Any, path: str) -> Any:
    """The latents among what was read: `latent` or `mean`, as `sample` and `encode` write them.

    Raises:
        ValueError: There is neither.
    """
    if not isinstance(arrays, Mapping):
        return arrays
    for name in ("latent", "mean"):
        if name in arrays:
            return arrays[name]
    raise ValueError(f"{path} has {', '.join(arrays)}; it must have latent or mean, or one array")


def check_output(output: str | None, kinds: Sequence[str]) -> None:
    """Checks where outputs are to be written.

    Raises:
        ValueError: Not to one of these kinds of files, or to a folder that is not there.
    """
    if output is None:
        return
    if not output.lower().endswith(tuple(kinds)):
        raise ValueError(f"--output={output} must end in {', '.join(kinds)}")
    if not Path(output).absolute().parent.is_dir():
        raise ValueError(f"--output={output}: there is no folder {Path(output).parent}")


def write(outputs: Mapping[str, Any], output: str | None) -> list[Path]:
    """Writes arrays as JSON or .npz, or the pictures among them as PNGs; returns the files.

    Args:
        outputs: Name to array; images [B, H, W, C] from 0, black, to 1, or PNGs as bytes.
        output: The file, whose ending says what is written; None prints JSON. Of several pictures
            each has its number before the ending.

    Raises:
        ValueError: There is no picture among them, or Pillow, which makes them, is missing.
        OSError: A file cannot be written.
    """
    if output is None:
        print(to_json(outputs), flush=True)
        return []
    path = Path(output)
    if path.suffix.lower() == ".json":
        path.write_text(to_json(outputs) + "\n")
    elif path.suffix.lower() == ".npz":
        with path.open("wb") as file:
            np.savez(file, **outputs)
    else:
        return _write_pictures(outputs, path)
    return [path]


def to_json(value: Any) -> str:
    """The value as JSON, arrays as lists."""
    return json.dumps(value, default=_to_list)


def _to_list(array: np.ndarray) -> Any:
    if array.dtype == np.float32:
        # Through text, so that 0.1 is written as 0.1 and not as 0.10000000149011612.
        return array.astype("U32").astype(np.float64).tolist()
    return array.tolist()


def _write_pictures(outputs: Mapping[str, np.ndarray], path: Path) -> list[Path]:
    pictures = {name: _pngs(array) for name, array in outputs.items() if _is_picture(array)}
    if not pictures:
        raise ValueError(f"the outputs are {', '.join(outputs)}, no pictures; give --output=x.npz")
    written = []
    for name, pngs in pictures.items():
        stem = path.stem if len(pictures) == 1 else f"{path.stem}-{name}"
        for number, png in enumerate(pngs):
            label = stem if len(pngs) == 1 else f"{stem}-{number}"
            written.append(path.with_name(f"{label}{path.suffix}"))
            written[-1].write_bytes(png)
    return written


def _is_picture(array: np.ndarray) -> bool:
    return array.dtype.kind == "O" or (array.ndim == 4 and array.shape[-1] in (1, 3))


def _pngs(array: np.ndarray) -> list[bytes]:
    if array.dtype.kind == "O":
        return array.tolist()
    try:
        from PIL import Image  # noqa: PLC0415
    except ImportError as error:
        raise ValueError(
            "the model has no signature that writes PNGs, and Pillow is not installed: "
            "pip install pillow, or give --output=x.npz"
        ) from error
    pngs = []
    for levels in np.round(np.clip(array, 0, 1) * 255).astype(np.uint8):
        buffer = io.BytesIO()
        Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels).save(buffer, "PNG")
        pngs.append(buffer.getvalue())
    return pngs
