"""Estimated and true total correlation during the training of FactorVAE.

Kim & Mnih 2018 (arXiv:1802.05983), section 5 and figure 6: the discriminator's estimate is below
the true value and follows it. The data are the 18,432 upright images of 2D Shapes, few enough to
compute the true value by Monte Carlo over the aggregate posterior of all images
(`tfvae.evaluation.kl_decomposition`). Rerun the same command to resume.

Run: python -m benchmarks.total_correlation --workdir=runs/total_correlation
"""

import csv
import pathlib
import time

import keras
from absl import app, flags

import tfvae
from tfvae import plots
from tfvae.evaluation import kl_decomposition
from tfvae.training.run import train

_WORKDIR = flags.DEFINE_string("workdir", "runs/total_correlation", "Directory of the checkpoints.")
_GAMMA = flags.DEFINE_float("gamma", 10.0, "Weight of the total correlation.")
_STEPS = flags.DEFINE_integer("steps", 10_000, "Training steps.", lower_bound=1)
_EVERY = flags.DEFINE_integer("every", 500, "Steps between evaluations.", lower_bound=1)
_POINTS = flags.DEFINE_integer("points", 2_000, "Latents for the Monte Carlo estimate.")
_RESULTS = pathlib.Path(__file__).parent / "results" / "total_correlation"


def make_model(data: tfvae.data.Dataset) -> tfvae.FactorVAE:
    """Returns the published FactorVAE for 2D Shapes, compiled."""
    keras.utils.set_random_seed(0)
    posterior, likelihood = tfvae.heads.DiagonalNormal(10), tfvae.heads.Bernoulli()
    model = tfvae.FactorVAE(
        encoder=tfvae.networks.ConvEncoder(posterior.params_size),
        decoder=tfvae.networks.ConvDecoder(data.image_shape, likelihood.params_size),
        posterior=posterior,
        likelihood=likelihood,
        gamma=_GAMMA.value,
    )
    model.compile(
        keras.optimizers.Adam(1e-4),
        discriminator_optimizer=keras.optimizers.Adam(1e-4, 0.5, 0.9),
        seed=0,
    )
    return model


def look(model: tfvae.FactorVAE, data: tfvae.data.Dataset, images) -> dict[str, float]:
    """Returns both values at this step, in nats, over all images."""
    terms = model.evaluate(data.epoch(512), verbose=0, return_dict=True)
    parts = kl_decomposition(model, images, num_points=_POINTS.value)
    return {
        "step": int(model.step),
        "estimated": terms["total_correlation"],
        "true": parts.total_correlation,
        "mutual_information": parts.mutual_information,
        "dimension_wise_kl": parts.dimension_wise_kl,
        "kl": parts.kl,
        "reconstruction": terms["reconstruction"],
        "discriminator_loss": terms["discriminator_loss"],
    }


def main(_) -> None:
    """Trains, evaluates at intervals, and writes the table and the figure."""
    shapes = tfvae.data.Shapes2D()
    data = tfvae.data.FixedFactors(shapes, {"orientation": 0})
    images = data.images(data.factors(range(data.num_examples)))
    model = make_model(data)
    table = pathlib.Path(_WORKDIR.value) / "total_correlation.csv"
    rows = plots.read_table(table) if table.exists() else []
    started = time.perf_counter()
    for step in range(_EVERY.value, _STEPS.value + 1, _EVERY.value):
        if any(row["step"] == step for row in rows):
            continue
        train(model, data, _WORKDIR.value, step, batch_size=128, log_every=_EVERY.value)
        rows.append(look(model, data, images))
        _write(rows, table)
        print({name: round(value, 3) for name, value in rows[-1].items()}, flush=True)
    _RESULTS.mkdir(parents=True, exist_ok=True)
    _write(rows, _RESULTS / "total_correlation.csv")
    figure = plots.curves(rows, ["estimated", "true"], y_label="total correlation (nats)")
    figure.savefig(_RESULTS / "total_correlation.png")
    print(f"{time.perf_counter() - started:.0f} s; written to {_RESULTS}")


def _write(rows: list[dict[str, float]], path: pathlib.Path) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    app.run(main)
