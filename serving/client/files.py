"""Reads and writes the files of the command: arrays, JSON and pictures."""

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
    """The contents of input files.

    Attributes:
        pictures: Encoded pictures; None if the input is arrays.
        arrays: One array, or a dictionary of arrays.
    """

    pictures: list[bytes] | None
    arrays: Any = None


def read(paths: Sequence[str]) -> Given:
    """Reads one file of arrays, or pictures.

    Raises:
        ValueError: Arrays and pictures are mixed, several files have arrays, or a file is invalid.
        OSError: A file cannot be read.
    """
    arrays = [path for path in paths if path.lower().endswith(ARRAYS)]
    if not arrays:
        return Given([Path(path).read_bytes() for path in paths])
    if len(paths) > 1:
        raise ValueError(
            f"{arrays[0]} has arrays; give only this file, with one row for each example"
        )
    return Given(None, read_arrays(arrays[0]))


def read_arrays(path: str) -> Any:
    """Reads an array, or a dictionary of arrays, from .npy, .npz or .json.

    Raises:
        ValueError: The file has no arrays.
        OSError: The file cannot be read.
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
        raise ValueError(f"{path} has no arrays: {error}") from error
    return arrays if len(arrays) != 1 else next(iter(arrays.values()))


def latents(arrays: Any, path: str) -> Any:
    """Returns the latents in a file: `latent` or `mean`, as written by `sample` and `encode`.

    Raises:
        ValueError: The file has neither.
    """
    if not isinstance(arrays, Mapping):
        return arrays
    for name in ("latent", "mean"):
        if name in arrays:
            return arrays[name]
    raise ValueError(f"{path} has {', '.join(arrays)}; it must have latent or mean, or one array")


def check_output(output: str | None, kinds: Sequence[str]) -> None:
    """Checks the path of the output.

    Raises:
        ValueError: The path has another ending, or its folder does not exist.
    """
    if output is None:
        return
    if not output.lower().endswith(tuple(kinds)):
        raise ValueError(f"--output={output} must end in {', '.join(kinds)}")
    if not Path(output).absolute().parent.is_dir():
        raise ValueError(f"--output={output}: folder {Path(output).parent} does not exist")


def write(outputs: Mapping[str, Any], output: str | None) -> list[Path]:
    """Writes arrays as JSON, .npz or PNGs, and returns the paths written.

    Args:
        outputs: Name to array; images are [B, H, W, C] in [0, 1], or PNGs as bytes.
        output: Path; its ending selects the format. None prints JSON. If there are several PNGs,
            their numbers are added before the ending.

    Raises:
        ValueError: PNGs are wanted but no output is an image, or Pillow is not installed.
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
    """Returns the value as JSON, with arrays as lists."""
    return json.dumps(value, default=_to_list)


def _to_list(array: np.ndarray) -> Any:
    if array.dtype == np.float32:
        # Converts through text, so that 0.1 is not written as 0.10000000149011612.
        return array.astype("U32").astype(np.float64).tolist()
    return array.tolist()


def _write_pictures(outputs: Mapping[str, np.ndarray], path: Path) -> list[Path]:
    pictures = {name: _pngs(array) for name, array in outputs.items() if _is_picture(array)}
    if not pictures:
        raise ValueError(f"the outputs {', '.join(outputs)} are not pictures; give --output=x.npz")
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
