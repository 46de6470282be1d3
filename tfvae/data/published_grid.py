"""Checks shared by the readers of published ground-truth files: file and grid of factors."""

import math
import os
import pathlib

import numpy as np


def existing_file(path: str | os.PathLike, name: str, origin: str) -> pathlib.Path:
    """Returns `path`.

    Args:
        path: path of the file.
        name: published name of the file.
        origin: URL to download it from.

    Raises:
        FileNotFoundError: if the file does not exist (the message says where to get it).
    """
    file = pathlib.Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"path: there is no file {file}; download {name} from {origin}")
    return file


def check_grid(classes: np.ndarray, num_images: int, file: pathlib.Path) -> tuple[int, ...]:
    """Returns the factor sizes, after checking that the images are all combinations in order.

    Args:
        classes: the factors of every image, int [N, K].
        num_images: number of images in the file.
        file: name of the file in error messages.

    Raises:
        ValueError: if the number of images is wrong, or image i does not have the i-th
            combination (the first such image is named).
    """
    sizes = tuple(int(size) for size in classes.max(axis=0) + 1)
    grid_size = math.prod(sizes)
    if not len(classes) == num_images == grid_size:
        raise ValueError(
            f"{file} has {num_images} images and the factors of {len(classes)}; factors of sizes "
            f"{list(sizes)} need {grid_size} of both. Download it again"
        )
    numbers = np.ravel_multi_index(tuple(classes.T), sizes)
    misplaced = np.flatnonzero(numbers != np.arange(grid_size))
    if misplaced.size:
        raise ValueError(
            f"{file}: image {misplaced[0]} has factors {classes[misplaced[0]].tolist()}, which "
            f"belong to image {numbers[misplaced[0]]} in the published order. Download it again"
        )
    return sizes
