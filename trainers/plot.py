"""Draws a run: `python -m trainers.plot --workdir=runs/NAME --figures=traversals,samples`."""

import pathlib
from collections.abc import Callable

from trainers import program, runs  # first: quiets TensorFlow

# isort: split
import numpy as np
from absl import flags

from tfvae import plots
from trainers.construct import nearest

FIGURES = flags.DEFINE_list(
    "figures", ["reconstructions", "traversals", "samples"], "Figures to draw."
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the images shown and of samples.")

DRAW: dict[str, Callable] = {
    "reconstructions": lambda model, images: plots.reconstructions(model, images[:12]),
    "traversals": plots.traversals,
    "samples": lambda model, images: plots.samples(model, 64, SEED.value),
}


def main() -> None:
    """Draws each figure to the run's directory, NAME.png."""
    for name in FIGURES.value:
        if name not in DRAW:
            raise ValueError(f"--figures has {name!r}; {nearest(name, DRAW)}")
    model, data, _ = runs.load(program.WORKDIR.value)
    images = next(iter(data.batches(min(256, data.num_examples), SEED.value)))
    for name in FIGURES.value:
        path = pathlib.Path(program.WORKDIR.value) / f"{name}.png"
        DRAW[name](model, np.asarray(images)).savefig(path)
        print(path)


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
