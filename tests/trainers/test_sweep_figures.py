import numpy as np

from trainers.sweeping.sweep_figures import curves, tradeoff


def row(model="VAE", config="vae", seed=0, score=0.5, **fields):
    return {
        "model": model,
        "config": config,
        "seed": seed,
        "score": score,
        "reconstruction": -50.0,
        **fields,
    }


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_tradeoff_is_against_the_error_and_labels_what_varies():
    rows = [row(beta=1.0), row("FactorVAE", "factor_vae", gamma=40.0)]
    figure = tradeoff(rows, ["beta", "gamma"], "score")
    assert legend(figure) == ["VAE", "FactorVAE"]
    assert [line.get_xdata().tolist() for line in figure.axes[0].lines] == [[50.0], [50.0]]
    assert [note.get_text() for note in figure.axes[0].texts] == ["beta=1", "gamma=40"]


def test_configs_of_one_model_have_different_labels():
    rows = [row(config=config, beta=1.0) for config in ("mine", "yours")]
    assert legend(tradeoff(rows, ["beta"], "score")) == ["mine", "yours"]
    assert legend(curves(rows, ["beta"], "score")) == ["mine", "yours"]


def test_curves_are_over_the_first_number_a_line_for_each_of_the_rest():
    rows = [
        row(prior=prior, beta=beta, seed=seed, score=beta + offset + seed)
        for prior, offset in (("StandardNormal", 0.0), ("StudentT", 10.0))
        for beta in (1.0, 4.0)
        for seed in (0, 1)
    ]
    figure = curves(rows, ["prior", "beta"], "score")
    assert legend(figure) == ["prior=StandardNormal", "prior=StudentT"]
    assert figure.axes[0].get_xlabel() == "beta"
    np.testing.assert_allclose(figure.axes[0].lines[1].get_xydata(), [[1, 11.5], [4, 14.5]])


def test_one_line_needs_no_legend():
    figure = curves([row(beta=beta) for beta in (1.0, 4.0)], ["beta"], "score")
    assert figure.axes[0].get_legend() is None
    assert len(figure.axes[0].lines) == 1
