import pytest

from trainers.runs.evaluations import Evaluation, keys_of, missing, newest_step

KNOWN = ["dci", "factor_vae", "gap", "gap_aggregate"]
ASKED = Evaluation(["factor_vae", "dci"], votes=800, num_samples=0, seed=0)
RESULTS = {
    "seed": 0,
    "elbo": -1.0,
    "factor_vae_score": 0.5,
    "factor_vae_votes": 800,
    "dci_completeness": 0.5,
    "log_likelihood_num_samples": 64,
    "gap_aggregate_score": 0.5,
}


def without(*keys):
    return {key: value for key, value in RESULTS.items() if key not in keys}


@pytest.mark.parametrize(
    ("results", "requested", "expected"),
    [
        (RESULTS, ASKED, None),
        (RESULTS, ASKED._replace(num_samples=64), None),
        (RESULTS, ASKED._replace(metrics=[]), None),
        ({}, ASKED, ASKED),
        ({}, ASKED._replace(metrics=[]), ASKED._replace(metrics=[])),
        (RESULTS, ASKED._replace(seed=1), ASKED._replace(seed=1)),
        (without("dci_completeness"), ASKED, ASKED._replace(metrics=["dci"])),
        (
            RESULTS,
            ASKED._replace(votes=900),
            ASKED._replace(votes=900, metrics=["factor_vae"]),
        ),
        (
            RESULTS,
            ASKED._replace(num_samples=65),
            ASKED._replace(num_samples=65, metrics=[]),
        ),
        (RESULTS, ASKED._replace(metrics=["gap"]), ASKED._replace(metrics=["gap"])),
        (RESULTS, ASKED._replace(metrics=["gap_aggregate"]), None),
    ],
)
def test_only_what_results_lack_is_evaluated(results, requested, expected):
    assert missing(results, requested, KNOWN) == expected


def test_keys_of_a_metric_are_not_those_of_a_longer_name():
    keys = ["gap_score", "gap_aggregate_score", "gap", "step"]
    assert keys_of("gap", keys, KNOWN) == ["gap_score"]


def test_newest_step_is_of_whole_checkpoints(tmp_path):
    assert newest_step(tmp_path) == 0
    (tmp_path / "checkpoints").mkdir()
    for name in ("ckpt-900.index", "ckpt-1000.index", "ckpt-2000.data-00000-of-00001"):
        (tmp_path / "checkpoints" / name).touch()
    assert newest_step(tmp_path) == 1000
