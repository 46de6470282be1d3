"""A tour of tfvae in a few minutes: trains, evaluates, plots, exports, serves and calls a model.

`python -m examples.demo --workdir=runs/demo`, or `make demo`. Each step prints the command of the
program that it runs.
"""

import contextlib
import pathlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from programs import interrupts  # first: Ctrl-C while the others are imported

# isort: split
import numpy as np
from absl import app, flags

from programs.quiet import quiet_import
from serving.client import Client

CONFIG = flags.DEFINE_string("config", "beta_vae_shapes2d", "Config to train, a name or a file.")
WORKDIR = flags.DEFINE_string("workdir", "runs/demo", "Run directory.")
# 3,000 steps take about two minutes on two cores; such a short run needs a larger learning rate
# than the published 1e-4.
TRAIN = flags.DEFINE_list(
    "train_flags",
    ["--config.steps=3000", "--config.log_every=500", "--config.optimizer.learning_rate=1e-3"],
    "Further flags of trainers.train.",
)
EVALUATE = flags.DEFINE_list(
    "evaluate_flags", ["--metrics=factor_vae", "--votes=800"], "Further flags of trainers.evaluate."
)
READY_SECONDS = 60
IMAGES = 12


def main(_) -> None:
    """Runs the programs in order; exits with the exit code of the first one that fails."""
    workdir = pathlib.Path(WORKDIR.value)
    base_path = workdir / "saved_models" / pathlib.Path(CONFIG.value).stem
    run, export = f"--workdir={workdir}", f"--model_base_path={base_path}"
    _program("trainers.train", f"--config={CONFIG.value}", run, *TRAIN.value)
    _program("trainers.evaluate", run, *EVALUATE.value)
    _program("trainers.plot", run)
    _program("trainers.export", run, export)
    with _server(base_path) as address:
        picture = _call(Client(address, model=base_path.name), workdir)
    print(f"\nEverything is in {workdir}:")
    for path, what in (
        ("config.json, metrics.csv, results.json", "the config and the results"),
        (f"events.*  (tensorboard --logdir={workdir})", "curves"),
        ("*.png", "figures of the model"),
        (picture.name, "outputs of the served model, over gRPC"),
        (f"saved_models/{base_path.name}/", "the SavedModel's versions"),
    ):
        print(f"  {path:52s} {what}")


def _program(module: str, *arguments: str) -> None:
    command = ["-m", module, *arguments]
    print(f"\n$ python {' '.join(command)}", flush=True)
    finished = subprocess.run([sys.executable, *command], check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


@contextlib.contextmanager
def _server(base_path: pathlib.Path) -> Iterator[str]:
    """Runs the server on a free loopback port, yields its address, and stops it at the end."""
    command = ["-m", "serving.server", f"--model_name={base_path.name}"]
    command += [f"--model_base_path={base_path}", "--port=0"]
    print(f"\n$ python {' '.join(command)}", flush=True)
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline().strip() if process.stdout else ""
        watchdog.cancel()
        ready = re.search(r"gRPC at (\S+?),?(\s|$)", line)
        if not ready:
            sys.exit(f"the server did not start within {READY_SECONDS} s: {line!r}")
        print(line, flush=True)
        yield ready.group(1)
    finally:
        watchdog.cancel()
        process.terminate()
        process.wait(READY_SECONDS)


def _call(client: Client, workdir: pathlib.Path) -> pathlib.Path:
    """Calls encode, decode and sample on images; writes a figure and returns its path."""
    with quiet_import():  # TensorFlow, which the client itself does not need
        from tfvae import runs  # noqa: PLC0415
        from tfvae.plots import image_grid  # noqa: PLC0415
        from trainers.runs import run_directory  # noqa: PLC0415
        from trainers.runs.construct import build_data  # noqa: PLC0415

    runs.make_importable(workdir)
    _, data = build_data(run_directory.load_config(workdir))
    images = np.asarray(next(iter(data.batches(IMAGES, seed=0))))
    client.wait_ready(READY_SECONDS)
    path = workdir / "served.png"
    if "encode" not in client.metadata():
        print("the model has no encoder: samples only")
        image_grid(client.sample(IMAGES, seed=0)[1][None], ("sampled",)).savefig(path)
        return path
    started = time.perf_counter()
    mean, stddev = client.encode(images)
    decoded = client.decode(mean)
    _, sampled = client.sample(IMAGES, seed=0)
    milliseconds = (time.perf_counter() - started) * 1000
    print(f"encode: {images.shape} -> mean {mean.shape}, stddev {stddev.shape}")
    print(
        f"decode: {mean.shape} -> {decoded.shape}; sample: seeds (0, 0..{IMAGES - 1}) -> "
        f"{sampled.shape}; the three calls took {milliseconds:.0f} ms"
    )
    error = float(np.mean(np.abs(decoded - images)))
    print(f"mean absolute difference between original and decode(encode(original)): {error:.4f}")
    labels = ("original", "decoded", "sampled")
    image_grid(np.stack([images, decoded, sampled]), labels).savefig(path)
    return path


def cli() -> None:
    """Entry point."""
    with interrupts.handled():
        app.run(main)


if __name__ == "__main__":
    cli()
