"""Images per second of `serving.batch` and of the bare model, on the same images.

Both encode prepared records of 2D Shapes with the convolutional encoder of Kim & Mnih 2018, each in
a process that may use every core, and take turns. The bare model gets batches of floats from
memory; the pipeline reads TFRecords, checks them, encodes and writes. Its start-up time (a run with
one batch, which is printed) is subtracted. Processor time is compared as well, because it hardly
depends on other load.

Run: python -m benchmarks.batch_encoding
"""

import pathlib
import shutil
import sys
import tempfile
import time

import numpy as np
from absl import app, flags

from benchmarks import measurement

_IMAGES = flags.DEFINE_integer("images", 65_536, "Images per round.", lower_bound=2048)
_ROUNDS = flags.DEFINE_integer("rounds", 7, "Rounds that count.", lower_bound=3)
_FORMAT = flags.DEFINE_string("format", "tfrecord", "Format of the pipeline's output.")
_SIDE = flags.DEFINE_enum("side", None, ["bare", "pipeline"], "Task of a child process (internal).")
_DIRECTORY = flags.DEFINE_string("directory", None, "Directory of model and records (internal).")
_BATCH_SIZE = 128
_GOAL = 0.65


def make(directory: pathlib.Path, images: int) -> None:
    """Exports the model, and prepares the records and a set of one batch."""
    import tfvae  # noqa: PLC0415
    from tfvae.data import record_writing  # noqa: PLC0415

    posterior = tfvae.heads.DiagonalNormal(10)
    model = tfvae.VAE(
        tfvae.networks.ConvEncoder(posterior.params_size),
        tfvae.networks.ConvDecoder((64, 64, 1)),
        posterior,
        tfvae.heads.Bernoulli(),
    )
    tfvae.export(model, directory / "model")
    data = tfvae.data.Shapes2D()
    for name, count in (("all", images), ("few", _BATCH_SIZE)):
        (directory / name).mkdir()
        file = directory / name / "a.tfrecord"
        record_writing.write_shard(data, 300_000, file, count, "uint8", "raw")


def bare(directory: pathlib.Path):
    """Returns a function that encodes all images from memory."""
    import tfvae  # noqa: PLC0415
    from serving.engine.session import SavedModelSession  # noqa: PLC0415

    data = tfvae.data.TFRecords(f"{directory}/all/*")
    batches = [batch.numpy() for batch in data.epoch(_BATCH_SIZE)]
    session = SavedModelSession(directory / "model/1")
    signature = session.signature("encode")

    def encode() -> None:
        for batch in batches:
            session.run(signature, {"image": batch})

    return encode


def batch_pipeline(directory: pathlib.Path, name: str):
    """Returns a function that runs the pipeline over the records in a folder."""
    from serving.batch import beam_flags, job, pipeline  # noqa: PLC0415

    output = directory / f"rows-of-{name}"

    def encode() -> None:
        shutil.rmtree(output, ignore_errors=True)
        options = beam_flags.beam_options([], [])
        batch_job = job.make_job(
            directory / "model",
            "encode",
            f"{directory}/{name}/*",
            batch_size=_BATCH_SIZE,
        )
        counts = pipeline.run(batch_job, str(output), _FORMAT.value, options, {})
        assert counts.bad_rows == 0

    return encode


def serve(side: str, directory: pathlib.Path) -> None:
    """Runs a child process: one round per input line; prints elapsed and processor seconds."""
    functions = [bare(directory)]
    if side == "pipeline":
        functions = [batch_pipeline(directory, name) for name in ("all", "few")]
    for _ in sys.stdin:
        seconds = []
        for function in functions:
            wall, work = time.perf_counter(), time.process_time()
            function()
            seconds += [time.perf_counter() - wall, time.process_time() - work]
        print("seconds", *seconds, flush=True)


def main(argv) -> None:
    del argv
    if _SIDE.value:
        serve(_SIDE.value, pathlib.Path(_DIRECTORY.value))
        return
    from benchmarks.sides import Side  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        make(directory, _IMAGES.value)
        arguments = [f"--directory={directory}", f"--format={_FORMAT.value}"]
        sides = {
            side: Side(
                [sys.executable, "-m", "benchmarks.batch_encoding", f"--side={side}", *arguments],
                directory / f"{side}.log",
            )
            for side in ("bare", "pipeline")
        }
        rows = []
        for number in range(1 + _ROUNDS.value):
            found = [_round(side) for side in sides.values()]
            if number:  # the first one is not counted
                rows.append(np.concatenate(found))
        for side in sides.values():
            side.close()
    _report(np.array(rows))


def _round(side) -> list[float]:
    side.process.stdin.write("round\n")
    side.process.stdin.flush()
    return [float(seconds) for seconds in side.read("seconds").split()]


def _report(rows: np.ndarray) -> None:
    images = _IMAGES.value
    result = {"machine": measurement.machine(), "images": images, "format": _FORMAT.value}
    for kind, offset in (("clock", 0), ("processor", 1)):
        bare_seconds, seconds, start = rows[:, [offset, 2 + offset, 4 + offset]].T
        encoding = (seconds - start) * images / (images - _BATCH_SIZE)
        ratio = measurement.ratio(bare_seconds, encoding)
        result[kind] = {
            "bare_microseconds_an_image": round(1e6 * float(np.median(bare_seconds)) / images, 1),
            "pipeline_microseconds_an_image": round(1e6 * float(np.median(encoding)) / images, 1),
            "seconds_to_start": round(float(np.median(start)), 2),
            "pipeline_to_bare": ratio,
        }
        low, high = ratio["quartiles"]
        print(
            f"{kind:9} bare {images / np.median(bare_seconds):,.0f} images/s, pipeline "
            f"{images / np.median(encoding):,.0f} ({np.median(start):.1f} s to start): ratio "
            f"{ratio['median']:.2f} ({low:.2f} to {high:.2f}); goal {_GOAL}"
        )
    measurement.save(f"batch_encoding_{_FORMAT.value}", result)


if __name__ == "__main__":
    app.run(main)
