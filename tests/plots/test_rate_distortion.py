import numpy as np
import pytest

from tfvae import plots
from tfvae.evaluation import RateDistortion

TABLE = [
    {"model": "BetaVAE", "beta": 4.0, "kl": 10.0, "reconstruction": -60.0},
    {"model": "BetaVAE", "beta": 1.0, "kl": 20.0, "reconstruction": -40.0},
    {"model": "VAE", "kl": 20.0},  # has no reconstruction, so is not drawn
]
CURVE = RateDistortion(np.array([0.0, 15.0]), np.array([90.0, 30.0]), np.array([0.1, 1.0]))


def test_runs_are_points_over_the_curve_of_a_decoder():
    (axes,) = plots.rate_distortion(TABLE, CURVE, label="beta").axes
    runs, best = axes.lines
    np.testing.assert_allclose(runs.get_xydata(), [[20, 40], [10, 60]])
    np.testing.assert_allclose(best.get_xydata(), [[0, 90], [15, 30]])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "BetaVAE",
        "decoder's best",
    ]
    assert [note.get_text() for note in axes.texts] == ["beta=1", "beta=4"]


def test_either_may_be_left_out_but_not_both():
    assert len(plots.rate_distortion(TABLE).axes[0].lines) == 1
    assert len(plots.rate_distortion(curve=CURVE).axes[0].lines) == 1
    with pytest.raises(ValueError, match="no row with kl and reconstruction, and curve is None"):
        plots.rate_distortion(TABLE[2:])
