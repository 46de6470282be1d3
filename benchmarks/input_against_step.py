"""Images per second of input pipelines, relative to the consumption of the convolutional step.

The step is the hand-written one of `benchmarks.fit_overhead`, including its input: Kim & Mnih's
64x64 networks on 2D Shapes, batch size 64. The pipelines render 2D Shapes, and read records
prepared from it by `trainers.prepare`. They take turns in one process. Processor time of all
threads is compared as well, because it hardly depends on other load.

Run: python -m benchmarks.input_against_step
"""

import pathlib
import tempfile
import time
from collections.abc import Callable

import numpy as np
from absl import app, flags

import tfvae
from benchmarks import fit_overhead, measurement
from tfvae.data import manifest, record_writing
from tfvae.data.dataset import Dataset

_ROUNDS = flags.DEFINE_integer("rounds", 9, "Rounds that count.", lower_bound=3)
_IMAGES = flags.DEFINE_integer("images", 65_536, "Images to prepare.", lower_bound=1024)
_BATCH_SIZE = 64
_BATCHES = 150
_GOAL = 5.0


def prepared(directory: pathlib.Path, images: int) -> Dataset:
    """Prepares a part of 2D Shapes in 16 shards."""
    data = tfvae.data.Shapes2D()
    shards = [
        record_writing.write_shard(
            data, 300_000 + i * images // 16, directory / f"all-{i}", images // 16, "uint8", "raw"
        )
        for i in range(16)
    ]
    prepared = manifest.Manifest({}, data.image_shape, "uint8", "raw", {}, {"all": shards})
    manifest.write(directory / manifest.MANIFEST_FILE, prepared)
    started = time.perf_counter()
    records = tfvae.data.TFRecords(directory)
    seconds = time.perf_counter() - started
    size = sum(shard.bytes for shard in shards) / 1e6
    print(f"opened and verified {size:,.0f} MB of records in {seconds:.2f} s")
    return records


def read(data: Dataset) -> list[float]:
    """Returns the elapsed and processor seconds per image.

    Creates a new pipeline, because an idle one would have full buffers.
    """
    batches = iter(data.batches(_BATCH_SIZE, seed=0))
    for _ in range(20):
        next(batches)
    return seconds_an_image(
        lambda: [next(batches) for _ in range(_BATCHES)], _BATCHES * _BATCH_SIZE
    )


def seconds_an_image(function: Callable[[], object], images: int) -> list[float]:
    wall, work = time.perf_counter(), time.process_time()
    function()
    return [(time.perf_counter() - wall) / images, (time.process_time() - work) / images]


def main(argv) -> None:
    del argv
    case = fit_overhead.convolutional()
    step = fit_overhead.bare_block(case)
    with tempfile.TemporaryDirectory() as name:
        sets = {
            "Shapes2D": tfvae.data.Shapes2D(),
            "TFRecords": prepared(pathlib.Path(name), _IMAGES.value),
        }
        rows = []
        for number in range(2 + _ROUNDS.value):
            found = [seconds_an_image(step, case.steps * case.batch_size)]
            found += [read(data) for data in sets.values()]
            if number > 1:  # two warm-up rounds
                rows.append(found)
    _report(list(sets), np.array(rows))


def _report(names: list[str], rows: np.ndarray) -> None:
    result: dict = {"machine": measurement.machine()}
    for i, kind in enumerate(("clock", "processor")):
        step, *others = rows[:, :, i].T
        rates = {"step": round(1 / float(np.median(step)))}
        print(f"{kind}: the step takes {rates['step']:,} images/s")
        for name, seconds in zip(names, others, strict=True):
            ratio = measurement.ratio(step, seconds)
            result[f"{name}_{kind}"] = {"images_per_second": round(1 / float(np.median(seconds)))}
            result[f"{name}_{kind}"] |= {"to_step": ratio, "goal": _GOAL}
            low, high = ratio["quartiles"]
            print(
                f"  {name:9} feeds {1 / np.median(seconds):,.0f} images/s, {ratio['median']:.1f} "
                f"times that ({low:.1f} to {high:.1f}); goal {_GOAL}"
            )
    measurement.save("input_against_step", result)


if __name__ == "__main__":
    app.run(main)
