"""Batch encoding on Beam's local runner: one row per key, even if other rows are bad."""

import hashlib
import json

import numpy as np
import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: tfvae[batch]")

import tfvae
from serving.batch.rows import RowReader
from tests.serving.batch_helpers import (
    IMAGES,
    LEVELS,
    column,
    example,
    expected,
    floats,
    png,
    write,
)
from tfvae.data import record_files, record_writing


@pytest.fixture(scope="module")
def real_export(tiny_model, tmp_path_factory):
    return tfvae.export(tiny_model(), tmp_path_factory.mktemp("models") / "tiny")


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

    # The batches contain bytes that the model refuses.
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
    assert all(reason.startswith("the model refused the row: ") for reason in bad.values())


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
        "a.tfrecord:3": "does not match its checksum",
        "a.tfrecord:5": "is not a tf.train.Example",
        "a.tfrecord:6": "has 0 values of nothing in feature 'image'",
        "a.tfrecord:7": "has 12 values of float_list in feature 'image'; input 'image' needs",
        "a.tfrecord:8": "NaN",
        "a.tfrecord:9": "cannot be decoded",
        "a.tfrecord:10": "outside [0, 1]",
        "b.tfrecord:3": "the file ends within the record; this record and the rest",
        "c.tfrecord:0": "header is damaged, or the file is not a TFRecord file; this record and",
    }
    assert bad.keys() == reasons.keys()
    for source, reason in reasons.items():
        assert reason in bad[source]


@pytest.mark.parametrize("signature", ["encode_sample", "sample", "log_likelihood"])
def test_noise_belongs_to_the_key(signature, batch, real_export, tmp_path):
    """It does not depend on the batch, the order or the worker."""
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
    """Latents have another name; the first of two records with the same key is kept."""
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
    assert bad["a:2"] == "its key 'a' is also the key of a:0"
    assert "has no key: feature 'id'" in bad["a:3"]


def test_output_images_can_be_read_as_records(batch, exported, tmp_path):
    write(tmp_path / "in/a", floats(5))
    batch(pattern=tmp_path / "in/a", signature_name="reconstruct")
    data = tfvae.data.TFRecords(f"{tmp_path}/o/rows-*", shape_features=["image/shape"])
    images = np.concatenate(list(data.epoch(5)))
    answer = expected(exported, "reconstruct", image=IMAGES[:5])["image"]
    np.testing.assert_allclose(np.sort(images, axis=None), np.sort(answer, axis=None), rtol=1e-6)


def test_seeds_never_change():
    """A key keeps its noise across releases: its seed is BLAKE2b, 8 bytes, little-endian."""
    reader = RowReader({"seed": None}, "records", {}, 5, None, False)
    digest = hashlib.blake2b(b"a:0", digest_size=8).digest()
    seeds = reader._seed_arrays(["a:0", "a:1"])["seed"]
    assert seeds[0].tolist() == [5, int.from_bytes(digest, "little", signed=True)]
