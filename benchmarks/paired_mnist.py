"""Digits on the left or right: coherence, accuracy and likelihoods of multimodal models.

The experiment of Suzuki et al. 2016 (arXiv:1611.01891) in a latent plane; evaluates the runs of

    python -m trainers.sweep --sweep=paired_mnist --workdir=runs/paired_mnist

A classifier trained on the training images predicts position and digit of generated images.

Run: python -m benchmarks.paired_mnist --workdir=runs/paired_mnist
"""

import csv
import itertools
import json
import pathlib
from collections.abc import Callable
from typing import Any

from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import keras
import numpy as np
from absl import app, flags

from tfvae import evaluation, metrics, plots

_WORKDIR = flags.DEFINE_string("workdir", "runs/paired_mnist", "Directory of the sweep.")
_SAMPLES = flags.DEFINE_integer("samples", 1000, "Images generated per combination of attributes.")
_EXAMPLES = flags.DEFINE_integer("examples", 1000, "Test examples for conditional likelihoods.")
_DRAWN = flags.DEFINE_string("drawn", "jmvae_paired_mnist-alpha=1-seed=0", "The run to plot.")
_RESULTS = pathlib.Path(__file__).parent / "results" / "paired_mnist"
_ATTRIBUTES = ("position", "digit")
_PLACES = ("left", "right")


def train_classifier(data) -> keras.Model:
    """Returns a network that maps images to the class probabilities of each attribute."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input(data.shapes["image"])
    for filters in (16, 32):
        x = keras.layers.Conv2D(filters, 3, strides=2, activation="relu")(x)
    x = keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(x))
    outputs = {
        name: keras.layers.Dense(data.shapes[name][0], activation="softmax", name=name)(x)
        for name in _ATTRIBUTES
    }
    model = keras.Model(inputs, outputs)
    model.compile("adam", dict.fromkeys(_ATTRIBUTES, "categorical_crossentropy"))
    pairs = data.batches(100, seed=0).map(lambda x: (x["image"], {n: x[n] for n in _ATTRIBUTES}))
    model.fit(pairs, steps_per_epoch=600, epochs=1, verbose=0)
    return model


def accuracies(classify: Callable, data) -> dict[str, float]:
    """Returns the test accuracy of the classifier for each attribute."""
    x = _test_data(data)
    read = classify(x["image"])
    return {
        f"classifier_{name}": float(np.mean(read[name].argmax(1) == x[name].argmax(1)))
        for name in _ATTRIBUTES
    }


def measure(model, data, classify: Callable) -> dict[str, Any]:
    """Returns coherence, label accuracy and conditional log-likelihoods of one model."""
    row: dict[str, Any] = {}
    both = [
        metrics.coherence(model, {"position": p, "digit": d}, "image", classify, _SAMPLES.value)
        for p, d in itertools.product(range(2), range(2))
    ]
    row["coherence_position_digit"] = float(np.mean([each.agreement for each in both]))
    row["coherence_position_digit_worst"] = min(each.agreement for each in both)
    for given, other in (("position", "digit"), ("digit", "position")):
        alone = [
            metrics.coherence(model, {given: value}, "image", classify, _SAMPLES.value)
            for value in range(2)
        ]
        row[f"coherence_{given}"] = float(np.mean([each.agreement for each in alone]))
        for value, each in enumerate(alone):
            row[f"share_{other}_0_given_{given}_{value}"] = float(each.shares[other][0])
    for name in _ATTRIBUTES:
        row[f"accuracy_{name}_from_image"] = metrics.cross_modal_accuracy(
            model, data, ["image"], name
        )
    x = {name: values[: _EXAMPLES.value] for name, values in _test_data(data).items()}
    image, labels = {"image": x["image"]}, {name: x[name] for name in _ATTRIBUTES}
    for name, (target, given) in {
        "image_given_labels": (image, labels),
        "labels_given_image": (labels, image),
    }.items():
        values = evaluation.conditional_log_likelihood(model, target, given, 1000)
        row[f"log_likelihood_{name}"] = float(np.mean(values))
    return row


def draw(model, data) -> None:
    """Plots the figures of one model."""
    givens = [{"position": p, "digit": d} for p, d in itertools.product(range(2), range(2))]
    givens += [{"position": p} for p in range(2)] + [{"digit": d} for d in range(2)] + [{}]
    names = {"position": _PLACES, "digit": [str(digit) for digit in data.digits]}
    labels = [", ".join(names[key][value] for key, value in given.items()) for given in givens]
    labels[-1] = "nothing"
    figure = plots.generated(model, givens, "image", labels=labels)
    figure.savefig(_RESULTS / "generated.png")
    x = {name: values[:1000] for name, values in _test_data(data).items()}
    classes = 2 * x["position"].argmax(1) + x["digit"].argmax(1)
    corners = [f"{digit} {place}" for place, digit in itertools.product(_PLACES, data.digits)]
    seen = {
        "q(z | position, digit)": _ATTRIBUTES,
        "q(z | position)": ("position",),
        "q(z | digit)": ("digit",),
        "q(z | image)": ("image",),
        "q(z | image, position, digit)": ("image", *_ATTRIBUTES),
    }
    panels = [(title, {name: x[name] for name in given}) for title, given in seen.items()]
    plots.posteriors(model, panels, classes, corners).savefig(_RESULTS / "posteriors.png")
    points = np.asarray(model.encode({"image": x["image"]}).mean())
    figure = plots.decision_map(model, _ATTRIBUTES, points, classes, corners)
    figure.savefig(_RESULTS / "decision_map.png")
    plots.latent_grid(model, "image").savefig(_RESULTS / "latent_grid.png")


def draw_curve(rows: list[dict[str, Any]]) -> None:
    """Plots coherence against log-likelihood: over a, over the labels' weight, by model."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(5.2, 3.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    for row in rows:
        x, y = row["log_likelihood"], row["coherence_position_digit"]
        axes.plot(x, y, "o", color="C0" if row["model"] == "JMVAE" else "C1")
        label = row["model"]
        if row["model"] == "JMVAE":
            label = f"a {row['a']:g}, weight {row['weight']:g}"
        axes.annotate(label, (x, y), xytext=(4, 4), textcoords="offset points", fontsize=7)
    axes.set_xlabel("joint log-likelihood of test data, nats")
    axes.set_ylabel("attributes read back")
    axes.margins(0.2)
    figure.savefig(_RESULTS / "curve.png")


def _test_data(data) -> dict[str, np.ndarray]:
    """Returns all examples, in one fixed random order."""
    order = np.random.default_rng(0).permutation(data.num_examples)
    (x,) = data.epoch(data.num_examples)
    return {name: np.asarray(values)[order] for name, values in x.items()}


def main(_) -> None:
    """Writes the table, the curve and the figures."""
    directories = sorted(
        path.parent for path in pathlib.Path(_WORKDIR.value).glob("*/results.json")
    )
    _RESULTS.mkdir(parents=True, exist_ok=True)
    classify = None
    rows = []
    for directory in directories:
        model, data, config = run_directory.load(directory)
        if classify is None:
            training = type(data)("train", data.digits)
            network = train_classifier(training)

            def classify(images, network=network):
                return {k: np.asarray(v) for k, v in network.predict(images, verbose=0).items()}

            print(json.dumps(accuracies(classify, data)))
        results = json.loads((directory / run_directory.RESULTS_FILE).read_text())
        rows.append(
            {
                "run": directory.name,
                "model": config.model.name,
                "alpha": config.model.get("alpha", ""),
                "weight": config.model.modalities.digit.weight,
                "step": int(model.step),
                **{key: results[key] for key in ("elbo", "log_likelihood")},
                **measure(model, data, classify),
            }
        )
        if directory.name == _DRAWN.value:
            draw(model, data)
        print(rows[-1])
    with open(_RESULTS / "results.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows
        )
    draw_curve(rows)
    print(f"written to {_RESULTS}")


if __name__ == "__main__":
    app.run(main)
