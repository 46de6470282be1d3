"""The program that prepares records: resuming, several processes, and errors before any work."""

import os
import resource
import time

import numpy as np
import pytest
from PIL import Image

import tfvae
from tests import programs
from tfvae.data import TFRecords, manifest
from trainers.records import preparation, record_plan
from trainers.runs.run_directory import RunError

IMAGES = np.random.default_rng(0).integers(0, 256, [300, 6, 5, 1], dtype=np.uint8)
MISTAKES = [
    ([], "error: give either --config=FILE, or --data=READER and --argument=NAME=VALUE"),
    (["--data=Arays"], "error: config.data.name is 'Arays'; did you mean 'Arrays'?"),
    (["--data=Arrays"], "error: config.data.source is missing; Arrays needs it"),
    (["--data=PairedMNIST", "--shards=-1"], "error: --shards is -1; it must be at least 0"),
    (["--data=Pinwheel", "--shards=500"], "--shards is 500; split all has only 400 examples"),
    (["--data=Pinwheel", "--encoding=png"], "error: --encoding=png is for 8-bit im"),
    (["--data=Pinwheel", "--processes=0"], "error: --processes is 0; it must be at least 1"),
    (
        ["--data=Pinwheel", "--output=tests"],
        "error: --output=tests holds files already, and",
    ),
    (
        ["--data=Pinwheel", "--output=/proc/records"],
        "error: --output=/proc/records cannot be",
    ),
    (["--workdir=nowhere"], "Unknown command line flag 'workdir'"),
    (
        ["--data=Pinwheel", "--argument=radial_std"],
        "error: --argument is 'radial_std'; it must",
    ),
]


@pytest.fixture
def source(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    return {"name": "Arrays", "source": str(tmp_path / "images.npy")}


def make(directory, sources, num_shards=5, say=lambda line: None, dtype="auto"):
    planned = record_plan.plan(sources, dtype, "raw", num_shards)
    with record_plan.claimed(directory, planned) as claim:
        return preparation.prepare(directory, claim, 1, say)


def images_of(data):
    return np.concatenate([batch.numpy() for batch in data.epoch(100)])


@pytest.mark.slow
def test_killed_and_resumed(tmp_path):
    """Two processes and a SIGKILL; the same command does not change complete shards."""
    photos, output = tmp_path / "photos", tmp_path / "records"
    photos.mkdir()
    for number, image in enumerate(IMAGES):
        Image.fromarray(image[..., 0]).save(photos / f"{number:03}.png")
    command = ["trainers.prepare", "--data=ImageFolder", f"--argument=path={photos}"]
    command += [f"--output={output}", "--shards=300", "--processes=2"]
    process = programs.start(*command, start_new_session=True)
    programs.wait_until(lambda: len(list(output.glob("all-*"))) >= 5, process)
    process.kill()
    process.wait()
    with pytest.raises(ProcessLookupError):  # the children end by themselves
        while True:
            os.killpg(process.pid, 0)
            time.sleep(0.05)
    whole = {path.name: path.stat().st_ino for path in output.glob("all-*")}
    assert 5 <= len(whole) < 300
    with pytest.raises(ValueError, match="is incomplete: its preparation was stopped"):
        TFRecords(output)

    done = programs.run(*command)
    assert done.returncode == 0, done.stderr
    assert f"{len(whole)} of 300 shards are complete" in done.stdout
    assert done.stdout.count("all-") == 300 - len(whole)
    assert whole.items() <= {path.name: path.stat().st_ino for path in output.iterdir()}.items()
    assert len(list(output.iterdir())) == 301  # nothing is left over
    np.testing.assert_allclose(images_of(TFRecords(output)), IMAGES / 255, atol=1e-6)


def test_damaged_and_lost_shards_are_made_anew(tmp_path, source):
    output = tmp_path / "records"
    whole = make(output, {"all": source})
    before = {path.name: path.stat().st_ino for path in output.glob("all-*")}
    (output / whole.splits["all"][1].file).write_bytes(b"damaged")
    (output / whole.splits["all"][3].file).unlink()
    said = []
    assert make(output, {"all": source}, say=said.append) == whole
    assert said[0] == "3 of 5 shards are complete"
    after = {path.name: path.stat().st_ino for path in output.glob("all-*")}
    assert [after[shard.file] == before[shard.file] for i, shard in enumerate(whole.splits["all"])
            if i not in (1, 3)] == [True] * 3  # fmt: skip
    np.testing.assert_allclose(images_of(TFRecords(output)), IMAGES / 255, atol=1e-6)


def test_full_disk_leaves_what_is_whole(tmp_path, source):
    output = tmp_path / "records"
    planned = record_plan.plan({"all": source}, "float32", "raw", 2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with (
            record_plan.claimed(output, planned) as claim,
            pytest.raises(OSError, match="too large"),
        ):
            preparation.prepare(output, claim, 1, print)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in output.iterdir()] == [manifest.PARTIAL_FILE]
    assert make(output, {"all": source}, 2, dtype="float32").dtype == "float32"


def test_splits_of_a_config(tmp_path, source):
    sources = {split: {**source, "split": split} for split in ("train", "test")}
    make(tmp_path / "records", sources, 0)
    for split, spec in sources.items():
        data = TFRecords(tmp_path / "records", split=split)
        expected = tfvae.data.Arrays(spec["source"], split=split)
        np.testing.assert_array_equal(images_of(data), images_of(expected))


def test_ground_truth_is_kept(tmp_path):
    fixed = {"shape": 2, "scale": 5, "orientation": 0, "position_x": 3}
    whole = make(
        tmp_path / "records",
        {"all": {"name": "FixedFactors", "data": {"name": "Shapes2D"}, "fixed": fixed}},
    )
    assert whole.factors == {"position_y": 32}
    assert TFRecords(tmp_path / "records").factor_names == ("position_y",)


def test_data_that_records_cannot_hold(tmp_path):
    images = np.full([20, 28, 28], 128, np.uint8)
    labels = np.arange(20) % 3
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    spec = {"name": "MNIST", "path": str(tmp_path), "binarisation": "dynamic"}
    with pytest.raises(ValueError, match=r"MNIST \(train\) samples its examples each time"):
        record_plan.plan({"train": spec}, "auto", "raw", 0)
    record_plan.plan({"train": {**spec, "binarisation": "fixed"}}, "auto", "raw", 0)
    pair = {"name": "PairedMNIST", "path": str(tmp_path)}
    with pytest.raises(ValueError, match=r"PairedMNIST \(all\) has several modalities"):
        record_plan.plan({"all": pair}, "auto", "raw", 0)


def test_another_plan_is_refused_with_the_difference(tmp_path, source):
    output = tmp_path / "records"
    make(output, {"all": source})
    with pytest.raises(
        RunError, match=r"(?s)splits: .*in 5 shards'} there, .*in 6 shards'} requested"
    ):
        make(output, {"all": source}, 6)
    with pytest.raises(RunError, match="dtype: 'uint8' there, 'float32' requested"):
        make(output, {"all": source}, dtype="float32")


def test_one_process_at_a_time(tmp_path, source):
    planned = record_plan.plan({"all": source}, "auto", "raw", 0)
    with (
        record_plan.claimed(tmp_path / "records", planned),
        pytest.raises(RunError, match="another process is at work on it"),
        record_plan.claimed(tmp_path / "records", planned),
    ):
        pass


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes_are_met_before_work(arguments, message):
    done = programs.run("trainers.prepare", "--output=nowhere", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (programs.ROOT / "nowhere").exists()
