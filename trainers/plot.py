"""Draws a run: `python -m trainers.plot --workdir=runs/NAME --figures=traversals,samples`.

Figures: reconstructions, with those of other runs by --beside; samples; traversals, sorted by KL,
and traversals_gif, their animation; interpolations between images; latent_arithmetic, the direction
of a label added step by step to other images; aggregate_posterior, densities of q(z) and p(z) for
two latent dimensions; curves, columns of metrics.csv over the steps; rate_distortion, the decoder's
rate-distortion curve by annealing and the posterior's point, for a few images.
"""

import pathlib
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from trainers import program  # first: quiets TensorFlow
from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import numpy as np
from absl import flags

import tfvae
from tfvae import evaluation, noise, plots
from tfvae.arguments import did_you_mean
from tfvae.models.generative_model import GenerativeModel
from trainers.latent_arithmetic import latent_arithmetic

FIGURES = flags.DEFINE_list(
    "figures",
    None,
    "Figures to draw; by default reconstructions, traversals and samples, or samples alone if the "
    "model has no encoder.",
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the images shown and of samples.")
COLUMNS = flags.DEFINE_list(
    "columns",
    None,
    "Columns of metrics.csv for curves; by default elbo and val_elbo, or all terms of the loss if "
    "the model has no encoder.",
)
BESIDE = flags.DEFINE_list("beside", [], "Directories of further runs, for reconstructions.")
DIRECTION = flags.DEFINE_string(
    "direction", None, "Label that latent_arithmetic moves to; the first by default."
)
VERSUS = flags.DEFINE_string(
    "versus", None, "Label that latent_arithmetic moves from; all others by default."
)
LABEL = flags.DEFINE_string(
    "label", None, "The label to use, if data have several; a factor of ground-truth data."
)

ANIMATED_IMAGES = 3
IMAGES = 12  # of a row
PAIRS = 6  # of interpolated images
ANNEALED_IMAGES = 20


class FigureInputs(NamedTuple):
    """The inputs of every figure.

    Attributes:
        model: the run's model.
        data: its evaluation data.
        images: some of them, [N, H, W, C].
        directory: the run directory.
    """

    model: GenerativeModel
    data: tfvae.data.Dataset
    images: np.ndarray
    directory: pathlib.Path


def _curves(run: FigureInputs):
    table = plots.read_table(run.directory / "metrics.csv")
    elbo_or_terms = ["elbo", "val_elbo"] if run.model.has_encoder else run.model.term_names
    return plots.curves(table, COLUMNS.value or elbo_or_terms, y_label="nats")


def _interpolations(run: FigureInputs):
    return plots.interpolations(run.model, run.images[:PAIRS], run.images[-PAIRS:])


def _latent_arithmetic(run: FigureInputs):
    chosen = (DIRECTION.value, VERSUS.value, LABEL.value)
    return latent_arithmetic(run.model, run.data, SEED.value, *chosen)


def _rate_distortion(run: FigureInputs):
    images = run.images[:ANNEALED_IMAGES]
    seeds = noise.seed_rows(SEED.value, len(images))
    bound = run.model.bound(images, seeds)
    point = {
        "model": run.directory.name,
        "kl": float(np.mean(bound.kl)),
        "reconstruction": float(np.mean(bound.reconstruction)),
    }
    curve = evaluation.rate_distortion(
        run.model, images, seed=SEED.value, progress=sys.stdout.isatty()
    )
    return plots.rate_distortion([point], curve)


def _reconstructions(run: FigureInputs):
    others = [run_directory.load(directory)[0] for directory in BESIDE.value]
    names = [run.directory.name, *(pathlib.Path(directory).name for directory in BESIDE.value)]
    titles = names if others else ()
    return plots.reconstructions([run.model, *others], run.images[:IMAGES], titles)


# Name of a figure to the function that draws it; it is saved as NAME.png.
FIGURE_FUNCTIONS: dict[str, Callable[[FigureInputs], Any]] = {
    "aggregate_posterior": lambda run: plots.aggregate_posterior(run.model, run.data),
    "curves": _curves,
    "interpolations": _interpolations,
    "latent_arithmetic": _latent_arithmetic,
    "rate_distortion": _rate_distortion,
    "reconstructions": _reconstructions,
    "samples": lambda run: plots.samples(run.model, 64, SEED.value),
    "traversals": lambda run: plots.traversals(run.model, run.images),
}
ANIMATION = "traversals_gif"
NEED_NO_ENCODER = ("curves", "samples")


def main() -> None:
    """Draws the figures, into the run directory."""
    for name in FIGURES.value or ():
        if name not in (*FIGURE_FUNCTIONS, ANIMATION):
            raise ValueError(
                f"--figures has {name!r}; {did_you_mean(name, [*FIGURE_FUNCTIONS, ANIMATION])}"
            )
    model, data, _ = run_directory.load(program.WORKDIR.value)
    if isinstance(data, tfvae.data.MultimodalDataset):
        raise ValueError(
            f"--workdir has data of several modalities, {', '.join(data.shapes)}; draw them by "
            "tfvae.plots.generated, posteriors, decision_map and latent_grid"
        )
    figures = FIGURES.value or (
        ["reconstructions", "traversals", "samples"] if model.has_encoder else ["samples"]
    )
    for name in figures:
        if name not in NEED_NO_ENCODER:
            model.require_encoder(f"--figures={name}")
    images = np.asarray(next(iter(data.batches(min(256, data.num_examples), SEED.value))))
    run = FigureInputs(model, data, images, pathlib.Path(program.WORKDIR.value))
    for name in figures:
        path = run.directory / f"{name}.png"
        if name == ANIMATION:
            path = run.directory / "traversals.gif"
            plots.traversal_animation(model, images, path, min(ANIMATED_IMAGES, len(images)))
        else:
            FIGURE_FUNCTIONS[name](run).savefig(path)
        print(path)


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
