import pathlib

import pytest
import tensorflow as tf

from tfvae.plots import read_table
from trainers.sweeping import results_table
from trainers.sweeping.grid import plan


def write_events(path, *times):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for time in times:
            writer.write(tf.compat.v1.Event(wall_time=time).SerializeToString())


def test_training_seconds_are_those_of_every_start(tmp_path):
    assert results_table.training_seconds(tmp_path) == 0
    write_events(tmp_path / "events.out.tfevents.1.host", 100.0, 105.0, 110.4)
    write_events(tmp_path / "events.out.tfevents.2.host", 500.0, 507.0)
    write_events(tmp_path / "events.out.tfevents.3.host", 900.0)  # stopped before any record
    assert results_table.training_seconds(tmp_path) == 17
    killed = tmp_path / "events.out.tfevents.2.host"
    killed.write_bytes(killed.read_bytes()[:-3])
    assert results_table.training_seconds(tmp_path) == 10


def test_row_and_csv(tmp_path):
    grids = [
        {"config": "beta_vae_shapes2d", "model.beta": [1, 4]},
        {"config": "factor_vae_shapes2d", "model.gamma": [10, 40]},
    ]
    planned = plan(grids, tmp_path)
    results = {"step": 7, "seed": 5, "elbo": -2.5}
    rows = [results_table.row(run, results) for run in planned]
    rows[2]["total_correlation"] = 0.25
    results_table.write_csv(rows, ["beta", "gamma"], pathlib.Path(tmp_path / "results.csv"))
    read = read_table(tmp_path / "results.csv")
    assert (tmp_path / "results.csv").read_text().splitlines()[0] == (
        "run,config,model,beta,gamma,seed,step,training_seconds,evaluation_seed,elbo,"
        "total_correlation"
    )
    assert read[2] == {
        "run": "factor_vae_shapes2d-gamma=10-seed=0",
        "config": "factor_vae_shapes2d",
        "model": "FactorVAE",
        "gamma": 10.0,
        "seed": 0.0,
        "step": 7.0,
        "training_seconds": 0.0,
        "evaluation_seed": 5.0,
        "elbo": -2.5,
        "total_correlation": 0.25,
    }


def test_ranking_is_of_means_over_seeds_the_largest_first():
    rows = [
        {"config": "a", "beta": 4.0, "seed": 0, "score": 0.5},
        {"config": "a", "beta": 1.0, "seed": 0, "score": 0.9},
        {"config": "a", "beta": 1.0, "seed": 1, "score": 0.2},
        {"config": "b", "seed": 0, "score": 0.6},
        {"config": "b", "seed": 1, "elbo": 1.0},
    ]
    _, *lines = results_table.ranking(rows, ["beta"], "score").splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "1 b 0.6 (0.6 to 0.6) 1",
        "2 a beta=1 0.55 (0.2 to 0.9) 2",
        "3 a beta=4 0.5 (0.5 to 0.5) 1",
    ]


def test_column_to_rank_by_that_no_row_has_is_named():
    with pytest.raises(ValueError, match=r"--rank_by is 'scor'; did you mean 'score'\?"):
        results_table.ranking([{"config": "a", "score": 1.0}], [], "scor")
