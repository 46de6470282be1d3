"""Captions generated from images of 2D Shapes, and images from captions, by JMVAE.

Run: python -m trainers.train --config=jmvae_captioned_shapes2d \
         --workdir=runs/jmvae_captioned_shapes2d
     python -m benchmarks.captioned_shapes2d --workdir=runs/jmvae_captioned_shapes2d

Generated images are captioned by their nearest neighbour among other images (squared distance of
pixels); the results include the accuracy of this classifier on real images.
"""

import itertools
import pathlib

from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import numpy as np
from absl import app, flags

from storage import atomic
from tfvae import noise, plots
from tfvae.data import CaptionedShapes2D
from tfvae.data.captioned_shapes2d import COLUMNS, ROWS, SHAPES, SIZES

_WORKDIR = flags.DEFINE_string("workdir", "runs/jmvae_captioned_shapes2d", "Directory of the run.")
_EXAMPLES = flags.DEFINE_integer("examples", 2_000, "Images to caption.")
_SAMPLES = flags.DEFINE_integer("samples", 8, "Images generated per caption.")
_KNOWN = flags.DEFINE_integer("known", 20_000, "Images searched for the nearest neighbour.")
_RESULTS = pathlib.Path(__file__).parent / "results" / "captioned_shapes2d"
_WORDS = {"size": SIZES, "shape": SHAPES, "column": COLUMNS, "row": ROWS}
_DRAWN = [
    *("small heart, left, top", "large square, right, bottom", "medium ellipse, centre, middle"),
    *("large heart, right, top", "small square, centre, middle", "medium ellipse, left, bottom"),
]


def shares(tokens: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Returns the fractions of correct words, by kind, and of correct captions [n, T]."""
    correct = tokens[:, : len(_WORDS)] == right[:, : len(_WORDS)]
    by_kind = dict(zip(_WORDS, correct.mean(axis=0).tolist(), strict=True))
    return {**by_kind, "all": float(correct.all(axis=1).mean())}


def nearest(images: np.ndarray, known: dict[str, np.ndarray]) -> np.ndarray:
    """Returns the captions [n, T] of the nearest `known` images to `images` [n, ...]."""
    flat, others = (part.reshape(len(part), -1) for part in (images, known["image"]))
    distances = np.sum(others**2, axis=1) - 2.0 * flat @ others.T
    return known["caption"][distances.argmin(axis=1)]


def drawn(model, caption: np.ndarray) -> np.ndarray:
    """Returns the mean images generated from one caption [T], z ~ q(z|caption)."""
    seeds = noise.seed_rows(0, _SAMPLES.value)
    latent = model.encode_sample({"caption": np.tile(caption, [_SAMPLES.value, 1])}, seeds)
    return model.decode(latent, names=["image"])["image"].mean().numpy()


def main(_) -> None:
    """Measures, plots and writes the results."""
    model = run_directory.load(_WORKDIR.value)[0]
    data = CaptionedShapes2D()
    indices = np.random.default_rng(0).permutation(data.num_examples)
    first, last = _EXAMPLES.value, _EXAMPLES.value + _KNOWN.value
    test, known = (
        {name: np.asarray(value) for name, value in data.gather(part).items()}
        for part in (indices[:first], indices[first:last])
    )
    written = np.concatenate(
        [
            model.translate({"image": test["image"][i : i + 500]}, "caption")
            for i in range(0, first, 500)
        ]
    )
    every = [" ".join(words) for words in itertools.product(*_WORDS.values())]
    captions = data.tokens(every)
    pictures = np.stack([drawn(model, caption) for caption in captions])
    read = nearest(pictures.reshape(-1, *pictures.shape[2:]), known)
    results = {
        "step": int(model.step),
        "examples": first,
        "images_of_a_caption": _SAMPLES.value,
        "captions_of_images": shares(written, test["caption"]),
        "read_from_drawn_images": shares(read, np.repeat(captions, _SAMPLES.value, axis=0)),
        "read_from_real_images": shares(nearest(test["image"], known), test["caption"]),
    }
    _RESULTS.mkdir(parents=True, exist_ok=True)
    atomic.write_json(_RESULTS / "captions.json", results)
    figure = plots.image_grid(np.stack([drawn(model, c) for c in data.tokens(_DRAWN)]), _DRAWN)
    figure.savefig(_RESULTS / "drawn.png")
    print(results)


if __name__ == "__main__":
    app.run(main)
