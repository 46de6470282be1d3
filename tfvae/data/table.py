"""Rows of a table: numeric columns, standardised, and categorical columns, one-hot."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.data import table_file
from tfvae.data.dataset import Dataset
from tfvae.data.splits import split_numbers


class Table(Dataset):
    """Rows of a Parquet or CSV file, float32 [d], for dense networks and a `Normal` likelihood.

    A row is its numeric columns, then its categorical columns (text, bool, dictionary), one-hot.
    Numeric columns are standardised by their mean and standard deviation over the training rows,
    in every split. Categories are those of all rows, sorted. Needs `pip install "tfvae[tables]"`.

    Example:
        train = Table("patients.parquet", columns=["age", "weight", "ward"], split="train")
        train.value_names                          # ("age", "weight", "ward=east", "ward=west")
        model.fit(train.batches(64, seed=0), ...)
        train.inverse_transform(model.sample(3))   # {"age": [41.2, ...], "ward": ["east", ...]}

    Args:
        path: a .parquet file, or a .csv file with the names of its columns in the first line.
        columns: names of the columns to use; all if None.
        categorical: names of the numeric columns to use as categories, such as postcodes.
        split: "all", "train" or "test".
        test_fraction: fraction of the rows for testing; the split is always the same.
        standardise: whether to standardise numeric columns.
        fitted_on: another file, all rows of which are used for standardisation and categories, such
            as the training file if `path` is a test file.
        delimiter: character between the values of a .csv file.

    Attributes:
        mean: mean of each numeric column, by name.
        stddev: standard deviation of each numeric column, by name.
        categories: categories of each categorical column, by name.
        value_names: names of the d values.

    Raises:
        ImportError: if pyarrow is not installed.
        FileNotFoundError: if a file does not exist.
        ValueError: if a file cannot be read, a column is unknown, constant or of another type, a
            value is missing or infinite, or a category is not in `fitted_on` (row and column are
            named).
    """

    range = None

    def __init__(
        self,
        path: str | os.PathLike,
        columns: Sequence[str] | None = None,
        categorical: Sequence[str] = (),
        split: str = "all",
        test_fraction: float = 0.1,
        standardise: bool = True,
        fitted_on: str | os.PathLike | None = None,
        delimiter: str = ",",
    ):
        table = _read(path, columns, categorical, delimiter)
        num_rows = len(next(iter(table.values())))
        if fitted_on is None:
            numbers = split_numbers(num_rows, "train", test_fraction)
            self._fit(table, numbers, path, standardise)
        else:
            reference = _read(fitted_on, list(table), categorical, delimiter)
            _check_kinds(table, reference, path, fitted_on)
            self._fit(reference, slice(None), fitted_on, standardise)
        numbers = split_numbers(num_rows, split, test_fraction)
        self.num_examples = len(numbers)
        self.image_shape = (len(self.value_names),)
        numeric, codes = self._transformed(table, path)
        with tf.device("CPU"):  # where input pipelines run
            self._numeric, self._codes = tf.constant(numeric[numbers]), tf.constant(codes[numbers])

    def raw(self, indices: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns numbers and categories of rows `indices` (int64 [n])."""
        stored = {"numeric": self._numeric, "categories": self._codes}
        return {name: tf.gather(values, indices) for name, values in stored.items()}

    def from_raw(self, raw: dict[str, tf.Tensor]) -> tf.Tensor:
        """Returns rows as float32 [n, d]."""
        parts = [raw["numeric"]]
        for k, values in enumerate(self.categories.values()):
            parts.append(tf.one_hot(tf.cast(raw["categories"][:, k], tf.int32), len(values)))
        return tf.concat(parts, axis=1)

    def inverse_transform(self, rows) -> dict[str, np.ndarray]:
        """Returns rows [n, d], such as a model's samples, as columns [n] by name.

        Numbers are in the units of the table; a category is the one with the largest value.
        """
        rows = np.asarray(rows)
        columns = {
            name: rows[:, k] * self.stddev[name] + mean
            for k, (name, mean) in enumerate(self.mean.items())
        }
        first = len(self.mean)
        for name, values in self.categories.items():
            largest = rows[:, first : first + len(values)].argmax(axis=1)
            columns[name] = np.array(values)[largest]
            first += len(values)
        return columns

    @property
    def facts(self) -> dict[str, Any]:
        """What a model card needs to prepare rows: names, means, deviations and categories."""
        return {
            "value_names": list(self.value_names),
            "mean": self.mean,
            "stddev": self.stddev,
            "categories": {name: list(values) for name, values in self.categories.items()},
        }

    def _fit(
        self,
        table: dict[str, np.ndarray],
        training: np.ndarray | slice,
        path: str | os.PathLike,
        standardise: bool,
    ) -> None:
        """Sets the standardisation and the categories of the columns."""
        self.mean: dict[str, float] = {}
        self.stddev: dict[str, float] = {}
        self.categories: dict[str, tuple] = {}
        for name, column in table.items():
            is_categorical = column.dtype == object
            values = column if is_categorical else column[training]
            distinct = sorted(set(values.tolist()))
            if len(distinct) < 2:
                raise ValueError(
                    f"{path}: column {name!r} has the one value {distinct[0]!r} in all "
                    f"training rows; leave it out with columns="
                )
            if is_categorical:
                self.categories[name] = tuple(distinct)
            else:
                self.mean[name] = float(values.mean()) if standardise else 0.0
                self.stddev[name] = float(values.std()) if standardise else 1.0
        hot = [f"{name}={value}" for name, values in self.categories.items() for value in values]
        self.value_names = (*self.mean, *hot)

    def _transformed(
        self, table: dict[str, np.ndarray], path: str | os.PathLike
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns standardised numbers, float32 [N, k], and numbers of categories, int [N, c]."""
        num_rows = len(next(iter(table.values())))
        numeric = np.empty((num_rows, len(self.mean)), np.float32)
        for k, (name, mean) in enumerate(self.mean.items()):
            numeric[:, k] = (table[name] - mean) / self.stddev[name]
        largest = max(map(len, self.categories.values()), default=0)
        codes = np.empty((num_rows, len(self.categories)), np.uint8 if largest <= 256 else np.int32)
        for k, (name, values) in enumerate(self.categories.items()):
            places = {value: place for place, value in enumerate(values)}
            for row, value in enumerate(table[name]):
                if value not in places:
                    raise ValueError(
                        f"{path}: row {row} (from 0) of column {name!r} is {value!r}, "
                        f"which fitted_on does not have; its categories are {list(values)}"
                    )
                codes[row, k] = places[value]
        return numeric, codes


def _read(
    path: str | os.PathLike,
    columns: Sequence[str] | None,
    categorical: Sequence[str],
    delimiter: str,
) -> dict[str, np.ndarray]:
    """Returns the values of columns by name, [N] each: float64, or objects for categories."""
    stored = table_file.read_columns(path, columns, delimiter)
    unknown = [name for name in categorical if name not in stored]
    if unknown:
        raise ValueError(
            f"categorical has {unknown[0]!r}; the columns used are {', '.join(stored)}"
        )
    return {
        name: table_file.values_of(column, name, str(path), name in categorical)
        for name, column in stored.items()
    }


def _check_kinds(
    table: dict[str, np.ndarray],
    reference: dict[str, np.ndarray],
    path: str | os.PathLike,
    fitted_on: str | os.PathLike,
) -> None:
    for name, column in table.items():
        if column.dtype != reference[name].dtype:
            kinds = [
                "categories" if values.dtype == object else "numbers"
                for values in (column, reference[name])
            ]
            raise ValueError(
                f"column {name!r} is {kinds[0]} in {path} and {kinds[1]} in {fitted_on}; name it "
                f"in categorical, or convert it"
            )
