import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tfvae import latents
from tfvae.saved_model.layer import SignatureLayer

ROOT = pathlib.Path(__file__).parents[2]
ROWS = np.array([[7, 0], [7, 1], [-3, 2**40]], np.int64)
# Simulates an installation of TensorFlow and its requirements (Keras is one) and tfvae alone, with
# tfvae's modules for models blocked too; then runs a program.
TENSORFLOW_ALONE = """
import importlib.metadata as metadata, re, runpy, sys

def required(name, found):
    if name not in found:
        found.add(name)
        for requirement in metadata.requires(name) or []:
            if "extra ==" not in requirement and "sys_platform" not in requirement:
                required(re.match(r"[\\w.-]+", requirement)[0].replace("_", "-").lower(), found)
    return found

tensorflow = required("tensorflow", set())
other = {
    package for package, owners in metadata.packages_distributions().items()
    if not any(owner.replace("_", "-").lower() in tensorflow for owner in owners)
} - {"tfvae", "storage"}
assert {"tensorflow_probability", "tf_keras", "PIL", "google_crc32c", "trainers"} <= other

class TensorFlowAlone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in other or name in ("tfvae.models", "tfvae.data"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, TensorFlowAlone())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def model(tiny_model):
    return tiny_model()


@pytest.fixture(scope="module")
def base_path(model, tmp_path_factory):
    """Version 2, with another encoder, and 10, the model."""
    base = tmp_path_factory.mktemp("models") / "tiny"
    tfvae.export(model, base, version=10)
    bias = model.encoder.layers[-1].bias
    bias.assign_add(tf.ones_like(bias))
    tfvae.export(model, base, version=2)
    bias.assign_add(-tf.ones_like(bias))
    (base / ".partial-11-0").mkdir()
    (base / "12").mkdir()  # incomplete: it has no saved_model.pb
    return base


@pytest.fixture(scope="module")
def loaded(base_path):
    return tfvae.saved_model.load(base_path)


def alone(*arguments):
    return subprocess.run(
        [sys.executable, "-c", TENSORFLOW_ALONE, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_base_path_gives_its_newest_whole_version(loaded, base_path, model, images):
    assert loaded.path == str(base_path / "10")
    mean = loaded["encode"](images)["mean"]
    np.testing.assert_allclose(mean, model.encode(images).mean(), rtol=1e-5, atol=1e-6)
    older = tfvae.saved_model.load(base_path / "2")
    assert older.path == str(base_path / "2")
    np.testing.assert_allclose(older["encode"](images)["mean"], mean + 1, rtol=1e-5, atol=1e-5)


def test_latents_are_those_of_the_model_itself(loaded, model, images):
    codes = latents.encoded(loaded["encode"], images)
    np.testing.assert_allclose(codes, latents.encoded(model.encode, images), rtol=1e-5)
    pictures = latents.decoded(loaded["decode"], codes)
    np.testing.assert_allclose(pictures, latents.decoded(model.decode, codes), rtol=1e-5)
    with pytest.raises(
        ValueError, match="the signature returns image, latent; it must return a mean"
    ):
        latents.decoded(lambda rows: {"image": rows, "latent": rows}, codes)


def test_signatures_are_named_with_their_inputs_and_outputs(loaded):
    assert {"encode", "sample", "encode_png", "serving_default"} <= set(loaded)
    drawn = loaded["encode_sample"]
    assert {name: spec.shape.as_list() for name, spec in drawn.inputs.items()} == {
        "image": [None, 4, 4, 1],
        "seed": [None, 2],
    }
    assert set(drawn.outputs) == {"latent"}
    with pytest.raises(KeyError, match=r"no signature 'embed'; it has decode, decode_png, encode,"):
        loaded["embed"]
    assert "embed" not in loaded


def test_wrong_inputs_name_the_right_ones(loaded, images):
    for call in (
        lambda: loaded["encode"](images, images),
        lambda: loaded["encode"](picture=images),
        lambda: loaded["encode"]({"image": images, "seed": ROWS}),
        loaded["encode"],
    ):
        with pytest.raises(ValueError, match=r"of signature 'encode' are image float32 \[None, 4"):
            call()


def test_paths_without_a_model(tmp_path):
    (tmp_path / "1").mkdir()
    for path in (tmp_path, tmp_path / "1", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=f"{path} is neither a version's directory"):
            tfvae.saved_model.load(path)


def test_functions_in_tf_data(base_path, model, images):
    """Elements that are tensors, tuples and dictionaries; only the pipeline refers to the model."""
    data = tf.data.Dataset.from_tensor_slices(images[:3]).batch(2)
    pairs = tf.data.Dataset.from_tensor_slices((images[:3], ROWS)).batch(2)
    named = pairs.map(lambda image, seed: {"seed": seed, "image": image})
    encode, draw = (tfvae.saved_model.load(base_path)[n] for n in ("encode", "encode_sample"))
    means = list(data.map(encode, tf.data.AUTOTUNE).unbatch())
    pipelines = [pairs.map(draw).unbatch(), named.map(draw).unbatch()]
    del encode, draw
    expected = model.encode(images[:3]).mean()
    np.testing.assert_allclose([row["mean"] for row in means], expected, rtol=1e-5, atol=1e-6)
    expected = model.encode_sample(images[:3], ROWS)
    for pipeline in pipelines:
        latents = [row["latent"] for row in pipeline]
        np.testing.assert_allclose(latents, expected, rtol=1e-5, atol=1e-6)


def test_layers_in_keras(loaded, model, images, tmp_path):
    """With several inputs and with one, saved and loaded; Keras's own layer takes the path too."""
    image, seed = keras.Input((4, 4, 1)), keras.Input((2,), dtype="int64")
    drawn = SignatureLayer(loaded.path, "encode_sample")({"seed": seed, "image": image})["latent"]
    again = SignatureLayer(loaded.path, "encode_sample")([image, seed])["latent"]
    mean = keras.layers.TFSMLayer(loaded.path, call_endpoint="encode")(image)["mean"]
    network = keras.Model([image, seed], [drawn, again])
    assert [tuple(output.shape) for output in network.outputs] == [(None, 2), (None, 2)]
    assert network.trainable_variables == []
    network.save(tmp_path / "network.keras")
    expected = model.encode_sample(images[:3], ROWS)
    for saved in (network, keras.models.load_model(tmp_path / "network.keras")):
        for latent in saved.predict([images[:3], ROWS], verbose=0):
            np.testing.assert_allclose(latent, expected, rtol=1e-5, atol=1e-6)
    mean = keras.Model(image, mean).predict(images[:3], verbose=0)
    np.testing.assert_allclose(mean, model.encode(images[:3]).mean(), rtol=1e-5, atol=1e-6)


@pytest.mark.real_process
def test_examples_run_where_tensorflow_alone_is_installed(base_path, model, images, tmp_path):
    for number, image in enumerate(images[:3]):
        png = tf.io.encode_png((255 * image).astype(np.uint8))
        tf.io.write_file(str(tmp_path / f"{number}.png"), png)
    finished = alone("examples/encode_in_tf_data.py", base_path, tmp_path / "*.png")
    assert finished.returncode == 0, finished.stderr
    lines = [line.split() for line in finished.stdout.splitlines()]
    assert [pathlib.Path(name).name for name, *_ in lines] == ["0.png", "1.png", "2.png"]
    means = np.array([[float(value) for value in values] for _, *values in lines])
    np.testing.assert_allclose(means, model.encode(images[:3]).mean(), atol=1e-4)

    finished = alone("examples/classify_in_keras.py", base_path)
    assert finished.returncode == 0, finished.stderr
    assert float(finished.stdout.split()[1]) > 0.9


@pytest.mark.real_process
def test_what_else_needs_more_says_so(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import tfvae\nprint(tfvae.__version__)\nfrom tfvae import BetaVAE\n")
    finished = alone(program)
    assert finished.stdout == f"{tfvae.__version__}\n"
    assert "tfvae.BetaVAE needs TensorFlow Probability" in finished.stderr
    assert "No module named 'tensorflow_probability'" in finished.stderr
