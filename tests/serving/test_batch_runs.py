"""Runs of batch encoding: failures, restarts, locks and wrong flags."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: tfvae[batch]")

from serving.batch import beam_flags, writing
from serving.engine.session import SavedModelSession
from tests import programs
from tests.serving.batch_helpers import IMAGES, LEVELS, column, example, floats, png, write

ROOT = Path(__file__).parents[2]


def test_a_failure_of_no_row_ends_the_run_unfinished(batch, exported, tmp_path, monkeypatch):
    write(tmp_path / "in/a", floats())
    run = SavedModelSession.run
    failing = [True]

    def failing_run(self, signature, inputs):
        if failing[0]:
            raise MemoryError("no memory")
        return run(self, signature, inputs)

    monkeypatch.setattr(SavedModelSession, "run", failing_run)
    with pytest.raises(Exception, match="no memory"):
        batch(pattern=tmp_path / "in/a")
    assert not (tmp_path / "o/finished.json").exists()
    failing[0] = False
    assert len(batch(pattern=tmp_path / "in/a")[0]) == 23


def test_killed_and_begun_anew(batch, exported, tmp_path):
    write(tmp_path / "in/a", floats() * 1000)
    flags_ = [f"--saved_model={exported}", "--signature=encode", "--batch_size=1"]
    flags_ += [f"--input={tmp_path}/in/a", f"--output={tmp_path}/o"]
    process = programs.start("serving.batch", *flags_)
    programs.wait_until(
        lambda: any(path.stat().st_size for path in tmp_path.glob("o/beam-temp-rows-*/*")), process
    )
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (tmp_path / "o/rows-00000-of-00007.tfrecord").write_bytes(b"of a run killed at its end")
    assert not (tmp_path / "o/finished.json").exists()
    rows, bad = batch(pattern=tmp_path / "in/a")
    assert (len(rows), bad) == (23_000, {})
    names = {path.name for path in (tmp_path / "o").iterdir()}
    assert names == {"rows-00000-of-00001.tfrecord", "finished.json"}


@pytest.mark.slow
def test_several_processes(batch, exported, tmp_path):
    for number in range(4):
        write(tmp_path / f"in/{number}", floats())
    (tmp_path / "in/4").write_bytes(b"no records")
    rows, bad = batch(
        "--direct_num_workers=2", "--direct_running_mode=multi_processing",
        pattern=tmp_path / "in/*", signature_name="encode_sample",
    )  # fmt: skip
    assert (len(rows), set(bad)) == (92, {"4:0"})
    alone, _ = batch(
        pattern=tmp_path / "in/*", signature_name="encode_sample", output=tmp_path / "alone"
    )
    np.testing.assert_array_equal(column(rows, "latent", alone), column(alone, "latent"))


def test_threads_share_one_model(batch, tmp_path, monkeypatch):
    loads = []
    load = SavedModelSession.__init__

    def counted(self, *arguments):
        loads.append(arguments)
        load(self, *arguments)

    monkeypatch.setattr(SavedModelSession, "__init__", counted)
    for number in range(9):
        write(tmp_path / f"in/{number}", floats(5))
    threads = ["--direct_num_workers=3", "--direct_running_mode=multi_threading"]
    rows, _ = batch(*threads, pattern=tmp_path / "in/*", batch_size=2)
    assert (len(rows), len(loads)) == (45, 1)


def test_whose_a_folder_is(batch, tmp_path):
    source = write(tmp_path / "in/a", floats(2))
    batch(pattern=source)
    with pytest.raises(ValueError, match=r"o has a finished run \(finished\.json\); give another"):
        batch(pattern=source)
    (tmp_path / "o/finished.json").rename(tmp_path / "o/mine.txt")
    with pytest.raises(ValueError, match=r"has other files \(mine\.txt, \.\.\.\)"):
        batch(pattern=source)
    (tmp_path / "o/mine.txt").unlink()
    with (
        writing.claimed(str(tmp_path / "o")),
        pytest.raises(ValueError, match="another run is using it"),
    ):
        batch(pattern=source)
    assert len(batch(pattern=source)[0]) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file cannot be created"):
        batch(pattern=source, output=tmp_path / "file")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"saved_model": "."}, "path: . is neither a version's directory"),
        ({"saved_model": "broken"}, "--saved_model=.*broken cannot be read: "),
        (
            {"signature_name": "encod"},
            r"--signature=encod: .*; did you mean 'encode'\?",
        ),
        (
            {"pattern": "gone-*"},
            "gone-.* is neither a TFRecord file, a pattern of",
        ),
        (
            {"features": ["picture"]},
            "--features has 'picture'; it must be INPUT=FEATURE, where",
        ),
        ({}, "in/a have no feature 'image'; they have id, picture; give --features"),
        ({"features": ["image=picture"], "key_feature": "no"}, "in/a have no feature 'no'"),
        ({"pattern": "photos", "key_feature": "id"}, "--key_feature is for TFRecords; the keys"),
        ({"pattern": "photos", "signature_name": "sample"}, "not a single image; give TFRecords"),
    ],
)
def test_mistakes_are_met_before_work(values, message, batch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in/a", [example(picture=IMAGES[0], id=1)])
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.png").write_bytes(png(LEVELS[0]))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/saved_model.pb").write_bytes(b"no model")
    with pytest.raises((ValueError, OSError), match=message):
        batch(**{"pattern": "in/a", **values})
    assert not (tmp_path / "o").exists()


def test_a_signature_without_a_batch_axis_is_refused(batch, tmp_path):
    module = tf.Module()
    fixed = tf.function(lambda image: {"sum": image}, autograph=False).get_concrete_function(
        tf.TensorSpec([2, 4, 4, 1], tf.float32, "image")
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"encode": fixed})
    with pytest.raises(ValueError, match=r"'image' has shape \[2, 4, 4, 1\]; its first axis must"):
        batch(pattern=write(tmp_path / "in/a", floats(2)), saved_model=tmp_path / "m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--batchsize=3"],
            "nor of Beam; did you mean --batch_size",
        ),
        (["--num_worker=3"], "--num_worker is neither a flag of this program nor of Beam$"),
        (["photos"], "unexpected argument 'photos'; flags are written --name=value"),
        (["--runner=FlinkRunner", "--batchsize=1"], r"did you mean --batch_size\?"),
    ],
)
def test_flags_of_nobody(arguments, message):
    with pytest.raises(ValueError, match=message):
        beam_flags.beam_options(arguments, ["input", "batch_size"])


def test_flags_of_beam_reach_it():
    flags = ["--runner=FlinkRunner", "--flink_master", "here:80", "--of_the_job_server=3"]
    options = beam_flags.beam_options(flags, ["input"]).get_all_options()
    assert (options["runner"], options["flink_master"]) == ("FlinkRunner", "here:80")


@pytest.mark.real_process
def test_without_beam_it_says_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules['apache_beam'] = None\nfrom serving.batch import __main__ as m\n"
    )
    code += "m.run()"
    command = [sys.executable, "-c", code, "--saved_model=m", "--input=i", f"--output={tmp_path}/o"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "serving.batch: Apache Beam is not installed: pip install 'tfvae[batch]'\n"
    )
