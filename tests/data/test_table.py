import pathlib
import re
import runpy
import sys

import numpy as np
import pyarrow
import pytest
import tensorflow as tf
from pyarrow import csv, parquet

from tests.data.reader_checks import assert_reader, images_of
from tfvae.data import Table
from tfvae.data.splits import split_numbers
from trainers.configs import vae_table
from trainers.runs.construct import build_data, build_model

ROWS = 40
GENERATOR = np.random.default_rng(0)
AGE = GENERATOR.integers(20, 80, ROWS)
WEIGHT = 1.7e9 + GENERATOR.normal(size=ROWS)  # float32 would round it to 128
WARD = np.array(["west", "east", "north"])[np.arange(ROWS) % 3]
SMOKES = np.arange(ROWS) % 2 == 0
TABLE = pyarrow.table({"age": AGE, "ward": WARD, "weight": WEIGHT, "smokes": SMOKES})
TRAINING = split_numbers(ROWS, "train", 0.1)
ONE_HOT = np.stack([*(ward == WARD for ward in ("east", "north", "west")), ~SMOKES, SMOKES], axis=1)
NUMBERS = np.stack([AGE, WEIGHT], axis=1)
EXPECTED = np.concatenate(
    [(NUMBERS - NUMBERS[TRAINING].mean(0)) / NUMBERS[TRAINING].std(0), ONE_HOT], axis=1
)


@pytest.fixture
def path(tmp_path):
    parquet.write_table(TABLE, tmp_path / "table.parquet")
    return tmp_path / "table.parquet"


def test_rows_of_parquet_and_csv(path, tmp_path):
    data = Table(path)
    assert_reader(data, EXPECTED)
    names = ("age", "weight", "ward=east", "ward=north", "ward=west", "smokes=False", "smokes=True")
    assert data.value_names == names
    assert data.mean == {"age": AGE[TRAINING].mean(), "weight": WEIGHT[TRAINING].mean()}
    assert data.stddev["age"] == AGE[TRAINING].std()
    assert data.categories == {"ward": ("east", "north", "west"), "smokes": (False, True)}
    csv.write_csv(TABLE, tmp_path / "a.csv")
    assert_reader(Table(tmp_path / "a.csv"), EXPECTED)
    csv.write_csv(TABLE, tmp_path / "b.csv", csv.WriteOptions(delimiter=";"))
    assert_reader(Table(tmp_path / "b.csv", delimiter=";"), EXPECTED)


def test_every_split_has_the_standardisation_of_the_training_rows(path):
    for split in ("train", "test"):
        expected = EXPECTED[split_numbers(ROWS, split, 0.1)]
        np.testing.assert_allclose(images_of(Table(path, split=split)), expected, atol=1e-6)


def test_raw_rows_are_small_and_shown_on_the_device(path):
    data, rows = Table(path), tf.range(5, dtype=tf.int64)
    raw = data.raw(rows)
    assert raw["categories"].dtype == tf.uint8
    shown = tf.function(data.shown, jit_compile=True)(raw, tf.zeros([5, 2], tf.int64))
    np.testing.assert_array_equal(shown, data.gather(rows))


def test_columns_by_name(path):
    data = Table(path, columns=["ward", "age"], standardise=False)
    assert_reader(data, np.concatenate([AGE[:, None], ONE_HOT[:, :3]], axis=1))
    assert Table(path, columns=["age"], categorical=["age"]).categories["age"] == tuple(
        sorted(set(AGE.tolist()))
    )


def test_inverse_transform_gives_the_columns(path):
    columns = Table(path).inverse_transform(images_of(Table(path)) * 0.9 + 0.1 * EXPECTED)
    np.testing.assert_allclose(columns["age"], AGE, rtol=1e-5)
    np.testing.assert_allclose(columns["weight"], WEIGHT, rtol=1e-9)
    assert columns["ward"].tolist() == WARD.tolist()
    assert columns["smokes"].tolist() == SMOKES.tolist()


def test_test_rows_in_a_file_of_their_own(path, tmp_path):
    parquet.write_table(TABLE.slice(30), tmp_path / "test.parquet")
    test = Table(tmp_path / "test.parquet", fitted_on=path)
    standardised = (NUMBERS - NUMBERS.mean(0)) / NUMBERS.std(0)
    assert_reader(test, np.concatenate([standardised, ONE_HOT], axis=1)[30:])
    parquet.write_table(TABLE.filter(pyarrow.array(WARD != "north")), tmp_path / "two.parquet")
    with pytest.raises(ValueError, match=r"row 2 \(from 0\) of column 'ward' is 'north', which fi"):
        Table(path, fitted_on=tmp_path / "two.parquet")
    with pytest.raises(ValueError, match=r"'age' is numbers in .* and categories in"):
        parquet.write_table(TABLE.cast(text_age()), tmp_path / "text.parquet")
        Table(path, fitted_on=tmp_path / "text.parquet")


def text_age():
    return pyarrow.schema([("age", "string"), *list(TABLE.schema)[1:]])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [1.0, None, 3.0]}, r"row 1 \(from 0\) of column 'x' has no value \(in total 1 of 3"),
        ({"x": [1.0, 2.0, np.nan]}, r"row 2 .* 'x' has no value"),
        ({"x": ["a", None, "b"]}, r"row 1 .* 'x' has no value .* fill such rows"),
        ({"x": [1.0, np.inf, 2.0]}, r"row 1 .* 'x' is inf; all numbers must be finite"),
        ({"x": [2.0, 2.0, 2.0]}, r"column 'x' has the one value 2.0 in all training rows; leave"),
        ({"x": ["a", "a", "a"]}, r"column 'x' has the one value 'a'"),
        ({"x": [[1], [2], [3]]}, r"column 'x' is list<.*; columns must be numbers, text, bool"),
        ({"x": pyarrow.array([], "float64")}, "has no rows"),
    ],
)
def test_values_that_no_row_can_have(columns, message, tmp_path):
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=message):
        Table(tmp_path / "a.parquet", test_fraction=0.2)


def test_errors(path, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*gone\.csv"):
        Table(tmp_path / "gone.csv")
    with pytest.raises(ValueError, match=r"columns has 'size', and .* its columns are age, ward"):
        Table(path, columns=["size"])
    with pytest.raises(ValueError, match="name 'age' twice; name each column once"):
        Table(path, columns=["age", "age"])
    with pytest.raises(ValueError, match="categorical has 'ward'; the columns used are age"):
        Table(path, columns=["age"], categorical=["ward"])
    with pytest.raises(ValueError, match="split is 'dev'; it must be one of 'all'"):
        Table(path, split="dev")
    (tmp_path / "damaged.parquet").write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"damaged\.parquet cannot be read: "):
        Table(tmp_path / "damaged.parquet")
    (tmp_path / "table.txt").write_text("a,b")
    with pytest.raises(ValueError, match=r"table\.txt must end in \.parquet or \.csv"):
        Table(tmp_path / "table.txt")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(
        ValueError, match=r"ragged\.csv cannot be read: .*Expected 2 columns, got 1"
    ):
        Table(tmp_path / "ragged.csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"needs the package pyarrow: install tfvae\[tables\]"):
        Table(path)


def test_config_of_a_table(path):
    config = vae_table.get_config()
    config.data.path = str(path)
    config.data.columns = ("age", "ward")
    train, test = build_data(config)
    assert (train.num_examples, test.num_examples) == (36, 4)
    model = build_model(config, train)
    assert model.data_shape == (4,)
    assert np.isfinite(model.elbo(next(iter(test.epoch(4))))).all()


def test_example_learns_a_real_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["table.py", str(tmp_path)])
    runpy.run_path(str(pathlib.Path(__file__).parents[2] / "examples/table.py"))
    printed = capsys.readouterr().out
    before, after = map(float, re.search(r"rows: (\S+) -> (\S+) nats", printed).groups())
    assert before + 3 < after < 0
    assert "diagnosis: [" in printed
