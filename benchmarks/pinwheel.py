"""Density of q(z) and of the four-component prior over beta and alpha, and KL(p(z) || q(z)).

The second experiment of Mathieu et al. 2019 (arXiv:1812.02833); plots the runs of

    python -m trainers.sweep --sweep=pinwheel --workdir=runs/pinwheel

Run: python -m benchmarks.pinwheel --workdir=runs/pinwheel
"""

import csv
import pathlib

from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
from absl import app, flags

from tfvae import plots
from tfvae.evaluation import kl_from_prior

_WORKDIR = flags.DEFINE_string("workdir", "runs/pinwheel", "Directory of the sweep.")
_RESULTS = pathlib.Path(__file__).parent / "results" / "pinwheel"
_FIGURES = {"beta": ("alpha", 0.0), "alpha": ("beta", 1.0)}  # varied: (fixed, value)


def main(_) -> None:
    """Writes the table, and one figure per coefficient."""
    loaded = [
        run_directory.load(path.parent)
        for path in pathlib.Path(_WORKDIR.value).glob("*/config.json")
    ]
    loaded.sort(key=lambda run: (run[2].model.alpha, run[2].model.beta))
    _RESULTS.mkdir(parents=True, exist_ok=True)
    rows, titles = [], {}
    for model, data, config in loaded:
        kl = kl_from_prior(model, data)
        coefficients = {name: config.model[name] for name in ("alpha", "beta")}
        rows.append({**coefficients, "step": int(model.step), "kl_p_q": kl})
        titles[id(model)] = f"alpha {config.model.alpha:g}, beta {config.model.beta:g}\nKL {kl:.2f}"
    for varied, (fixed, value) in _FIGURES.items():
        chosen = [(model, data) for model, data, config in loaded if config.model[fixed] == value]
        models = [model for model, _ in chosen]
        figure = plots.aggregate_posterior(
            models, chosen[0][1], [titles[id(model)] for model in models], half_width=2.0
        )
        figure.savefig(_RESULTS / f"over_{varied}.png")
    with open(_RESULTS / "kl.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    print(f"written to {_RESULTS}")


if __name__ == "__main__":
    app.run(main)
