"""Processor seconds until a model trains, is exported and is served, against another checkout.

Each turn starts a process for each checkout that traces one training step, takes it, and exports
the model; then a server of the export until it is ready and has answered one request. The
checkouts take turns. These are seconds of the processor, with those of child processes, since they
depend less on other processes than seconds of the clock; the first request alone is in the latter.

Run: python -m benchmarks.tracing --before=PATH_OF_A_CHECKOUT
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags

from benchmarks import measurement
from benchmarks.serving_sides import Server
from serving.client import Client

_BEFORE = flags.DEFINE_string("before", None, "Another checkout to compare with.", required=True)
_TURNS = flags.DEFINE_integer("turns", 5, "Turns of each model.", lower_bound=1)
MODELS = ("VAE", "FactorVAE", "MoPoEVAE", "BetaVAE, convolutional")
_MODELS = flags.DEFINE_multi_enum("model", MODELS, MODELS, "Models to measure.")
ROOT = pathlib.Path(__file__).parents[1]
_TOY = (8, 8, 1)


def make(name: str):
    """Returns an uncompiled model: the published one for 2D Shapes, or one of 8x8 images."""
    import tfvae  # noqa: PLC0415

    heads, networks = tfvae.heads, tfvae.networks
    if name == "BetaVAE, convolutional":
        encoder, decoder = networks.ConvEncoder(20), networks.ConvDecoder((64, 64, 1))
        encoder.build((None, 64, 64, 1))
        return tfvae.BetaVAE(encoder, decoder, heads.DiagonalNormal(10), heads.Bernoulli(), beta=4)
    posterior = heads.DiagonalNormal(3)

    def dense(shape, likelihood):
        encoder = networks.DenseEncoder(posterior.params_size, hidden=(32,))
        return encoder, networks.DenseDecoder(shape, likelihood.params_size, (32,)), likelihood

    if name == "MoPoEVAE":
        parts = {
            "image": dense(_TOY, heads.Bernoulli()),
            "label": dense((4,), heads.OneHotCategorical()),
            "point": dense((2,), heads.Normal()),
        }
        modalities = {key: tfvae.multimodal.Modality(*part) for key, part in parts.items()}
        return tfvae.MoPoEVAE(modalities=modalities, posterior=posterior)
    encoder, decoder, likelihood = dense(_TOY, heads.Bernoulli())
    settings = {}
    if name == "FactorVAE":
        settings = {"gamma": 2.0, "discriminator": networks.Discriminator((16, 16))}
    return getattr(tfvae, name)(encoder, decoder, posterior, likelihood, **settings)


def measure_model(name: str, base_path: str) -> dict[str, float]:
    """Traces a step, takes it and exports the model; in a process of its own."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    import tfvae  # noqa: PLC0415

    model = make(name)
    model.compile(keras.optimizers.Adam(1e-3), seed=0)
    shapes = model.data_shape if isinstance(model.data_shape, dict) else {"x": model.data_shape}
    x = {key: tf.zeros([32, *shape]) for key, shape in shapes.items()}
    if "label" in x:
        x["label"] = tf.one_hot(tf.zeros([32], tf.int32), 4)
    batches = tf.data.Dataset.from_tensors(x if len(x) > 1 else x["x"]).repeat()

    start = time.process_time()
    step = tf.function(model.train_step, autograph=False)
    definition = step.get_concrete_function(next(iter(batches))).graph.as_graph_def()
    traced = time.process_time()
    model.fit(batches, steps_per_epoch=1, verbose=0)  # which traces its own loop
    first_step = time.process_time()
    before = _seconds_with_children()
    path = tfvae.export(model, base_path)
    return {
        "operations": len(definition.node)
        + sum(len(function.node_def) for function in definition.library.function),
        "tracing_seconds": traced - start,
        "fit_of_one_step_seconds": first_step - traced,
        "export_seconds": _seconds_with_children() - before,
        "saved_model_bytes": (path / "saved_model.pb").stat().st_size,
    }


def _seconds_with_children() -> float:
    return sum(os.times()[:4])


def measure_server(checkout: pathlib.Path, base_path: pathlib.Path) -> dict[str, float]:
    """Starts the checkout's server on an export; asks it for one sample."""
    server = Server(
        *(f"--model_base_path={base_path}", "--model_name=model"),
        *("--port=0", "--rest_api_port=0"),
        checkout=checkout,
    )
    try:
        ready = _seconds_of(server.process.pid)
        start = time.perf_counter()
        Client(server.address, "model").predict("sample", {"seed": np.zeros([1, 2], np.int64)})
        first_request = time.perf_counter() - start
    finally:
        server.close()
    return {"ready_seconds": ready, "first_request_seconds": first_request}


def _seconds_of(process: int) -> float:
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one_turn(checkout: pathlib.Path, name: str) -> dict[str, float]:
    """Returns all the numbers of one model in one checkout."""
    with tempfile.TemporaryDirectory() as directory:
        base_path = pathlib.Path(directory) / "model"
        output = subprocess.run(
            [sys.executable, __file__, name, str(base_path)],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ).stdout
        return json.loads(output.splitlines()[-1]) | measure_server(checkout, base_path)


def main(argv) -> None:
    del argv
    checkouts = {"before": pathlib.Path(_BEFORE.value).resolve(), "after": ROOT}
    result = {"machine": measurement.machine(), "turns": _TURNS.value}
    for name in _MODELS.value:
        turns = [
            {side: one_turn(checkout, name) for side, checkout in checkouts.items()}
            for _ in range(_TURNS.value)
        ]
        result[name] = {}
        for key in turns[0]["after"]:
            values = {side: [turn[side][key] for turn in turns] for side in checkouts}
            medians = {side: round(float(np.median(v)), 3) for side, v in values.items()}
            ratio = {"ratio": measurement.ratio(values["before"], values["after"])}
            result[name][key] = medians | ratio
            print(f"{name:22} {key:24} {result[name][key]}", flush=True)
        measurement.save("tracing", result)


if __name__ == "__main__":
    # A process of `one_turn`: a file, since the other checkout may not have this module.
    if len(sys.argv) == 3 and not sys.argv[1].startswith("-"):
        print(json.dumps(measure_model(*sys.argv[1:])))
    else:
        app.run(main)
