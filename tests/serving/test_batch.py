"""Batch encoding on Beam's local runner: one row for each key, whatever is wrong with others."""

import collections
import hashlib
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: tfvae[batch]")

import pyarrow.parquet

import tfvae
from serving.batch import beam_flags, pipeline, writing
from serving.batch.job import make_job
from serving.batch.rows import RowReader
from serving.session import SavedModelSession
from tfvae.data import record_files, record_writing

ROOT = Path(__file__).parents[2]
LEVELS = np.random.default_rng(0).integers(0, 256, [23, 4, 4, 1], dtype=np.uint8)
IMAGES = (LEVELS / 255).astype(np.float32)


@pytest.fixture(scope="module")
def real_export(tiny_model, tmp_path_factory):
    return tfvae.export(tiny_model(), tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def batch(exported, tmp_path):
    """Runs a job; gives its rows and its bad rows."""

    def run(*arguments, output=tmp_path / "o", output_format="tfrecord", **values):
        values = {"saved_model": exported, "signature_name": "encode"} | values
        values["pattern"] = str(values["pattern"])
        options = beam_flags.beam_options(arguments, [])
        counts = pipeline.run(make_job(**values), str(output), output_format, options, {})
        rows, bad = rows_in(output), bad_in(output)
        assert counts == (len(rows), len(bad))
        return rows, bad

    return run


def rows_in(folder):
    """Key to outputs, each key found once."""
    rows = []
    for path in Path(folder).glob("rows-*.parquet"):
        rows += pyarrow.parquet.read_table(path).to_pylist()
    for path in sorted(map(str, Path(folder).glob("rows-*.tfrecord"))):
        for record in tf.data.TFRecordDataset(path):
            feature = tf.train.Example.FromString(record.numpy()).features.feature
            row = {n: list(getattr(f, f.WhichOneof("kind")).value) for n, f in feature.items()}
            rows.append({**row, "key": row["key"][0].decode()})
    keys = collections.Counter(row["key"] for row in rows)
    assert set(keys.values()) <= {1}
    return {row.pop("key"): row for row in rows}


def bad_in(folder):
    lines = [line for p in Path(folder).glob("bad-*") for line in p.read_text().splitlines()]
    return {row["source"]: row["reason"] for row in map(json.loads, lines)}


def example(**values):
    record = tf.train.Example()
    for name, value in values.items():
        feature = record.features.feature[name]
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        elif np.asarray(value).dtype.kind == "f":
            feature.float_list.value.extend(np.ravel(value))
        else:
            feature.int64_list.value.extend(np.ravel(value))
    return record.SerializeToString()


def write(path, records):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(map(record_files.framed, records)))
    return path


def png(levels):
    stream = io.BytesIO()
    Image.fromarray(levels[..., 0]).save(stream, "PNG")
    return stream.getvalue()


def floats(count=23):
    return [example(image=image) for image in IMAGES[:count]]


def expected(exported, signature="encode", **inputs):
    session = SavedModelSession(exported)
    outputs = session.run(signature, inputs or {"image": IMAGES})
    session.close()
    return outputs


def column(rows, name, keys=None):
    return np.array([rows[key][name] for key in (keys or rows)])


@pytest.mark.parametrize("output_format", ["tfrecord", "parquet"])
@pytest.mark.parametrize("kind", ["raw", "png", "floats"])
def test_records_of_every_kind(kind, output_format, batch, exported, tmp_path):
    records = {
        "raw": [example(image=levels.tobytes()) for levels in LEVELS],
        "png": [example(image=png(levels)) for levels in LEVELS],
        "floats": floats(),
    }[kind]
    write(tmp_path / "in/a-0.tfrecord", records[:9])
    write(tmp_path / "in/a-1.tfrecord", records[9:])
    rows, bad = batch(pattern=tmp_path / "in/a-*", output_format=output_format, batch_size=4)
    keys = [f"a-0.tfrecord:{i}" for i in range(9)] + [f"a-1.tfrecord:{i}" for i in range(14)]
    assert set(rows) == set(keys)
    assert bad == {}
    for name, values in expected(exported).items():
        np.testing.assert_allclose(column(rows, name, keys), values, rtol=1e-6)
    facts = json.loads((tmp_path / "o/finished.json").read_text())
    assert (facts["rows"], facts["bad_rows"], facts["signature"]) == (23, 0, "encode")
    assert not list((tmp_path / "o").glob("bad-*"))


def test_prepared_folders(batch, exported, tmp_path):
    folder = tmp_path / "prepared"
    folder.mkdir()
    data = tfvae.data.Arrays(LEVELS)
    shard = record_writing.write_shard(data, 0, folder / "all-0.tfrecord", 23, "uint8", "raw")
    manifest = tfvae.data.manifest.Manifest({}, (4, 4, 1), "uint8", "raw", {}, {"all": [shard]})
    tfvae.data.manifest.write(folder / "manifest.json", manifest)
    rows, _ = batch(pattern=folder)
    means = column(rows, "mean", [f"all-0.tfrecord:{i}" for i in range(23)])
    np.testing.assert_allclose(means, expected(exported)["mean"], rtol=1e-6)
    (folder / "all-0.tfrecord").unlink()
    with pytest.raises(ValueError, match=r"all-0\.tfrecord is missing"):
        batch(pattern=folder)


def test_folders_of_images(batch, exported, real_export, tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    names = [f"{'more/' if i % 2 else ''}{i:02}.png" for i in range(23)]
    for name, levels in zip(names, LEVELS, strict=True):
        (folder / name).write_bytes(png(levels))
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no image")
    (folder / "broken.png").write_bytes(png(LEVELS[0])[:-40])
    (folder / "large.png").write_bytes(png(np.zeros([8, 8, 1], np.uint8)))
    rows, bad = batch(pattern=folder, batch_size=4)
    assert set(rows) == set(names)
    np.testing.assert_allclose(column(rows, "mean", names), expected(exported)["mean"], rtol=1e-6)
    assert bad.keys() == {"broken.png", "large.png"}
    assert "shape [8, 8, 1]; the signature needs [4, 4, 1]" in bad["large.png"]
    rows, bad = batch(pattern=folder, resize=True, output=tmp_path / "resized")
    assert (set(rows), set(bad)) == ({*names, "large.png"}, {"broken.png"})

    # Bytes that the model itself refuses are in batches with others.
    rows, bad = batch(
        pattern=folder,
        output=tmp_path / "png",
        saved_model=real_export,
        signature_name="encode_png",
        batch_size=8,
    )
    assert set(rows) == set(names)
    means = expected(real_export)["mean"]
    np.testing.assert_allclose(column(rows, "mean", names), means, rtol=1e-5, atol=1e-6)
    assert bad.keys() == {"broken.png", "large.png"}
    assert all(reason.startswith("the model refuses it: ") for reason in bad.values())


def test_bad_records_come_out_with_their_reason_and_take_no_other_along(batch, exported, tmp_path):
    records = [record_files.framed(record) for record in floats(12)]
    flipped = bytearray(records[3])
    flipped[40] ^= 1
    records[3] = bytes(flipped)
    others = {
        5: b"\xff\xff",
        6: example(label=1),
        7: example(image=IMAGES[7, :3]),
        8: example(image=IMAGES[8] * np.nan),
        9: example(image=png(LEVELS[9])[:-40]),
        10: example(image=IMAGES[10] + 1),
    }
    for number, record in others.items():
        records[number] = record_files.framed(record)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.tfrecord").write_bytes(b"".join(records))
    (tmp_path / "in/b.tfrecord").write_bytes(b"".join(records[:3]) + records[4][:30])
    (tmp_path / "in/c.tfrecord").write_bytes(b"no records, these are, at all")
    (tmp_path / "in/d.tfrecord").write_bytes(b"")
    rows, bad = batch(pattern=tmp_path / "in/*.tfrecord", batch_size=5)
    good = [0, 1, 2, 4, 11]
    keys = [f"a.tfrecord:{i}" for i in good] + [f"b.tfrecord:{i}" for i in range(3)]
    assert set(rows) == set(keys)
    means = expected(exported)["mean"][[*good, 0, 1, 2]]
    np.testing.assert_allclose(column(rows, "mean", keys), means, rtol=1e-6)
    reasons = {
        "a.tfrecord:3": "do not match its checksum",
        "a.tfrecord:5": "is not a tf.train.Example",
        "a.tfrecord:6": "holds 0 values of nothing in feature 'image'",
        "a.tfrecord:7": "holds 12 values of float_list in feature 'image'; input 'image' needs",
        "a.tfrecord:8": "NaN",
        "a.tfrecord:9": "cannot be decoded",
        "a.tfrecord:10": "outside [0, 1]",
        "b.tfrecord:3": "the file ends within the record; it and all that follows",
        "c.tfrecord:0": "header is damaged, or the file is not of TFRecords; it and all that",
    }
    assert bad.keys() == reasons.keys()
    for source, reason in reasons.items():
        assert reason in bad[source]


@pytest.mark.parametrize("signature", ["encode_sample", "sample", "log_likelihood"])
def test_noise_belongs_to_the_key(signature, batch, real_export, tmp_path):
    """Not to the batch, nor to the order, nor to the worker."""
    write(tmp_path / "in/a", floats(10))
    arguments = {
        "pattern": tmp_path / "in/a",
        "saved_model": real_export,
        "signature_name": signature,
    }
    name = {"log_likelihood": signature}.get(signature, "latent")
    found = {
        label: batch(**arguments, **more, output=tmp_path / label)[0]
        for label, more in {
            "one": {"batch_size": 1},
            "seven": {"batch_size": 7},
            "seed": {"seed": 1},
        }.items()
    }
    keys = sorted(found["one"])
    one, seven, seed = (column(found[label], name, keys) for label in ("one", "seven", "seed"))
    np.testing.assert_allclose(one, seven, rtol=1e-5, atol=1e-5)
    assert len(np.unique(one, axis=0)) == 10
    assert not (np.abs(one - seed) < 1e-6).all(axis=-1).any()


def test_keys_and_inputs_of_features(batch, exported, tmp_path):
    """Latents by another name; of two records of one key the first comes out."""
    latents = np.random.default_rng(1).normal(size=[6, 2]).astype(np.float32)
    ids = [b"a", b"b", b"a", b"c", b"d", b"e"]
    records = [example(z=z, id=key) for z, key in zip(latents, ids, strict=True)]
    records[3] = example(z=latents[3])
    write(tmp_path / "in/a", records)
    rows, bad = batch(
        pattern=tmp_path / "in/a", signature_name="decode", features=["latent=z"], key_feature="id",
        output_format="parquet",
    )  # fmt: skip
    assert set(rows) == {"a", "b", "d", "e"}
    images = expected(exported, "decode", latent=latents[[0, 1, 4, 5]])["image"]
    np.testing.assert_allclose(column(rows, "image", "abde"), images.reshape(4, -1), rtol=1e-6)
    assert bad.keys() == {"a:2", "a:3"}
    assert bad["a:2"] == "its key 'a' is that of a:0 too"
    assert "has no key: feature 'id'" in bad["a:3"]


def test_output_images_can_be_read_as_records(batch, exported, tmp_path):
    write(tmp_path / "in/a", floats(5))
    batch(pattern=tmp_path / "in/a", signature_name="reconstruct")
    data = tfvae.data.TFRecords(f"{tmp_path}/o/rows-*", shape_features=["image/shape"])
    images = np.concatenate(list(data.epoch(5)))
    answer = expected(exported, "reconstruct", image=IMAGES[:5])["image"]
    np.testing.assert_allclose(np.sort(images, axis=None), np.sort(answer, axis=None), rtol=1e-6)


def test_a_failure_of_no_row_ends_the_run_unfinished(batch, exported, tmp_path, monkeypatch):
    write(tmp_path / "in/a", floats())
    run = SavedModelSession.run
    failing = [True]

    def failing_run(self, name, inputs):
        if failing[0]:
            raise MemoryError("no memory")
        return run(self, name, inputs)

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
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.batch", *flags_], cwd=ROOT, stdout=subprocess.PIPE
    )
    while not any(path.stat().st_size for path in tmp_path.glob("o/beam-temp-rows-*/*")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
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
    with pytest.raises(
        ValueError, match=r"o holds a finished run \(finished\.json\); give another"
    ):
        batch(pattern=source)
    (tmp_path / "o/finished.json").rename(tmp_path / "o/mine.txt")
    with pytest.raises(ValueError, match=r"holds other files \(mine\.txt, \.\.\.\)"):
        batch(pattern=source)
    (tmp_path / "o/mine.txt").unlink()
    with (
        writing.claimed(str(tmp_path / "o")),
        pytest.raises(ValueError, match="another run is at work on it"),
    ):
        batch(pattern=source)
    assert len(batch(pattern=source)[0]) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file cannot be made"):
        batch(pattern=source, output=tmp_path / "file")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"saved_model": "."}, "path: . is neither a version's directory"),
        ({"saved_model": "broken"}, "--saved_model=.*broken cannot be read: "),
        ({"signature_name": "encod"}, r"--signature is 'encod', which .*; did you mean 'encode'\?"),
        ({"pattern": "gone-*"}, "gone-.* is neither TFRecord files, a pattern of them, a folder"),
        ({"features": ["picture"]}, "--features has 'picture'; it must be INPUT=FEATURE, INPUT"),
        ({}, "in/a have no feature 'image'; they have id, picture: give --features"),
        ({"features": ["image=picture"], "key_feature": "no"}, "in/a have no feature 'no'"),
        ({"pattern": "photos", "key_feature": "id"}, "--key_feature is for TFRecords; the keys"),
        ({"pattern": "photos", "signature_name": "sample"}, "and not one image: give TFRecords"),
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


def test_a_signature_whose_rows_are_not_told_apart(batch, tmp_path):
    module = tf.Module()
    fixed = tf.function(lambda image: {"sum": image}, autograph=False).get_concrete_function(
        tf.TensorSpec([2, 4, 4, 1], tf.float32, "image")
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"encode": fixed})
    with pytest.raises(ValueError, match=r"'image' has shape \[2, 4, 4, 1\], whose first axis is"):
        batch(pattern=write(tmp_path / "in/a", floats(2)), saved_model=tmp_path / "m")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batchsize=3"], "neither of this program nor of Beam's; did you mean --batch_size"),
        (["--num_worker=3"], "--num_worker is a flag neither of this program nor of Beam's$"),
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


def test_seeds_never_change():
    """The noise of a key outlives versions: its number is BLAKE2b's, 8 bytes, little-endian."""
    reader = RowReader({"seed": None}, "records", {}, 5, None, False)
    digest = hashlib.blake2b(b"a:0", digest_size=8).digest()
    seeds = reader._seed_arrays(["a:0", "a:1"])["seed"]
    assert seeds[0].tolist() == [5, int.from_bytes(digest, "little", signed=True)]
