import numpy as np
import pytest
from matplotlib.colors import to_hex

from tfvae import plots

TABLE = [
    {"model": "BetaVAE", "beta": 4.0, "error": 40.0, "score": 0.7},
    {"model": "BetaVAE", "beta": 4.0, "error": 50.0, "score": 0.8},
    {"model": "BetaVAE", "beta": 1.0, "error": 30.0, "score": 0.5},
    {"model": "FactorVAE", "gamma": 10.0, "error": 35.0, "score": 0.9},
    {"model": "FactorVAE", "gamma": 10.0, "error": 36.0},  # has no score, so is not drawn
]


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_tradeoff_has_seeds_means_and_coefficients():
    (axes,) = plots.tradeoff(TABLE, "error", "score", label=["beta", "gamma"]).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("error", "score")
    assert legend(axes) == ["BetaVAE", "FactorVAE"]
    beta, factor = axes.lines
    np.testing.assert_allclose(beta.get_xydata(), [[30, 0.5], [45, 0.75]])  # in beta's order
    np.testing.assert_allclose(factor.get_xydata(), [[35, 0.9]])
    assert to_hex(beta.get_color()) != to_hex(factor.get_color())
    assert beta.get_marker() != factor.get_marker()
    seeds = [dots.get_offsets().tolist() for dots in axes.collections]
    assert seeds == [[[40, 0.7], [50, 0.8], [30, 0.5]], [[35, 0.9]]]
    notes = {note.get_text(): note.xy for note in axes.texts}
    assert {text: tuple(np.round(xy, 9)) for text, xy in notes.items()} == {
        "beta=1": (30, 0.5),
        "beta=4": (45, 0.75),
        "gamma=10": (35, 0.9),
    }


def test_curves_have_a_line_per_family_and_the_spread_of_seeds():
    rows = [
        {"prior": prior, "beta": beta, "score": base + 0.1 * seed - 0.01 * beta}
        for prior, base in (("normal", 0.5), ("student_t", 0.6))
        for beta in (4.0, 1.0)
        for seed in (0, 1)
    ]
    (axes,) = plots.curves(rows, "score", x="beta", by="prior").axes
    assert legend(axes) == ["normal", "student_t"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("beta", "score")
    normal, student_t = axes.lines
    np.testing.assert_allclose(normal.get_xydata(), [[1, 0.54], [4, 0.51]])
    np.testing.assert_allclose(student_t.get_xydata(), [[1, 0.64], [4, 0.61]])
    band, dots, *_ = axes.collections
    edge = band.get_paths()[0].vertices
    for beta, least, largest in ((1, 0.49, 0.59), (4, 0.46, 0.56)):
        heights = edge[np.isclose(edge[:, 0], beta), 1]
        np.testing.assert_allclose([heights.min(), heights.max()], [least, largest])
    assert len(dots.get_offsets()) == 4


def test_curves_of_columns_skip_the_rows_without_them():
    rows = [{"step": step, "estimate": step / 10} for step in range(0, 50, 10)]
    rows[2]["truth"] = rows[4]["truth"] = 7.0
    (axes,) = plots.curves(rows, ["estimate", "truth"], y_label="nats").axes
    assert legend(axes) == ["estimate", "truth"]
    assert axes.get_ylabel() == "nats"
    assert axes.lines[0].get_xdata().tolist() == [0, 10, 20, 30, 40]
    assert axes.lines[1].get_xydata().tolist() == [[20, 7], [40, 7]]
    assert not axes.collections  # one row a step has no spread


def test_column_that_no_row_has_is_named():
    with pytest.raises(ValueError, match=r"no row has step and elbow; the table has elbo, step"):
        plots.curves([{"step": 1, "elbo": 2.0}], "elbow")


def test_table_is_read_as_numbers_and_words(tmp_path):
    (tmp_path / "results.csv").write_text("model,beta,score\nVAE,,0.5\nBetaVAE,4,1e-3\n")
    assert plots.read_table(tmp_path / "results.csv") == [
        {"model": "VAE", "score": 0.5},
        {"model": "BetaVAE", "beta": 4.0, "score": 1e-3},
    ]
