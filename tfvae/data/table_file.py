"""Columns of Parquet and CSV files."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

SUFFIXES = (".parquet", ".csv")
_LARGEST_BLOCK = 2**31 - 1  # bytes, pyarrow's limit


def read_columns(
    path: str | os.PathLike, columns: Sequence[str] | None, delimiter: str
) -> dict[str, Any]:
    """Returns columns of a file by name, `pyarrow.Array`s of equal length.

    Args:
        path: a .parquet or .csv file; a CSV file's first line names the columns.
        columns: names of the columns; all if None.
        delimiter: character between the values of a CSV file.

    Raises:
        ImportError: if pyarrow is not installed.
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is of another kind, is damaged or has no rows, or columns are
            unknown or named twice.
    """
    file = pathlib.Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"path: there is no file {file}; it must be a .parquet or .csv")
    if file.suffix.lower() not in SUFFIXES:
        raise ValueError(f"path: {file} must end in {' or '.join(SUFFIXES)}")
    try:
        import pyarrow  # noqa: PLC0415
        from pyarrow import csv, parquet  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("Table needs the package pyarrow: install tfvae[tables]") from error
    try:
        if file.suffix.lower() == ".parquet":
            names = parquet.read_schema(file).names
            table = parquet.read_table(file, columns=_checked_names(columns, names, file))
        else:
            # One block, because the types of columns are inferred from the first.
            block = min(max(file.stat().st_size, 1), _LARGEST_BLOCK)
            table = csv.read_csv(
                file,
                csv.ReadOptions(block_size=block),
                csv.ParseOptions(delimiter=delimiter),
                csv.ConvertOptions(strings_can_be_null=True),
            )
            table = table.select(_checked_names(columns, table.column_names, file))
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OSError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from error
    if not table.num_rows:
        raise ValueError(f"{file} has no rows")
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def _checked_names(
    columns: Sequence[str] | None, names: Sequence[str], file: pathlib.Path
) -> list[str]:
    chosen = list(names if columns is None else columns)
    for name in chosen:
        if name not in names:
            raise ValueError(
                f"columns has {name!r}, and {file} does not; its columns are {', '.join(names)}"
            )
    twice = [name for name in chosen if chosen.count(name) > 1 or list(names).count(name) > 1]
    if twice or not chosen:
        problem = f"name {twice[0]!r} twice" if twice else "are empty"
        raise ValueError(f"the columns of {file} {problem}; name each column once")
    return chosen


def values_of(column, name: str, file: str, categorical: bool) -> np.ndarray:
    """Returns the values of a column [N]: float64, or objects if it has categories.

    Args:
        column: a `pyarrow.Array`.
        name: name of the column in error messages.
        file: name of the file in error messages.
        categorical: whether numbers are categories; text, bool and dictionaries always are.

    Raises:
        ValueError: if the type is another one, or values are missing or infinite (the first such
            row is named).
    """
    import pyarrow  # noqa: PLC0415

    categorical = categorical or _has_categories(column, name, file)
    missing = column.is_null(nan_is_null=not categorical).to_numpy(zero_copy_only=False)
    if missing.any():
        raise ValueError(
            f"{file}: row {missing.argmax()} (from 0) of column {name!r} has no value (in total "
            f"{missing.sum()} of {len(missing)} rows); fill such rows, remove them, or leave the "
            f"column out with columns="
        )
    if categorical:
        return np.array(column.to_pylist(), object)
    values = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    infinite = ~np.isfinite(values)
    if infinite.any():
        raise ValueError(
            f"{file}: row {infinite.argmax()} (from 0) of column {name!r} is "
            f"{values[infinite.argmax()]}; all numbers must be finite"
        )
    return values


def _has_categories(column, name: str, file: str) -> bool:
    from pyarrow import types  # noqa: PLC0415

    kind = column.type
    if types.is_dictionary(kind) or types.is_boolean(kind) or _is_text(kind):
        return True
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return False
    raise ValueError(
        f"{file}: column {name!r} is {kind}; columns must be numbers, text, bool or categories: "
        f"convert it, or leave it out with columns="
    )


def _is_text(kind) -> bool:
    from pyarrow import types  # noqa: PLC0415

    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
