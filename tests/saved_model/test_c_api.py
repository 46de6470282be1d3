import json
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from tfvae.saved_model import c_api, c_api_session
from tfvae.saved_model.c_api import CApiError, run_in_c_api


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    module = tf.Module()
    module.scale = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, "latent")])
    def decode(latent):
        return {"image": latent * module.scale, "rows": tf.shape(latent)[0]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def twice(image_bytes):
        return {"image_bytes": image_bytes + image_bytes, "same": image_bytes}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.bfloat16, "data")])
    def half(data):
        return {"data": data / 2}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "data")])
    def python(data):
        return {"data": tf.numpy_function(lambda x: x, [data], tf.float32)}

    path = tmp_path_factory.mktemp("model") / "1"
    signatures = {"decode": decode, "twice": twice, "half": half, "python": python}
    tf.saved_model.save(module, str(path), signatures=signatures)
    return path


@pytest.mark.parametrize(("batch", "prune"), [(0, False), (1, False), (3, False), (3, True)])
def test_runs_signatures_in_order(saved_model, batch, prune):
    latent = np.arange(2 * batch, dtype=np.float32).reshape(batch, 2)
    strings = [bytes(range(256)) * i + b"\0" for i in range(batch)]
    half = np.ones(batch, ml_dtypes.bfloat16)
    decoded, doubled, halved = run_in_c_api(
        saved_model,
        [
            ("decode", {"latent": latent}),
            ("twice", {"image_bytes": np.array(strings, object)}),
            ("half", {"data": half}),
        ],
        prune=prune,
    )
    np.testing.assert_array_equal(decoded["image"], 3 * latent)
    assert decoded["rows"] == batch
    assert doubled["image_bytes"].tolist() == [value * 2 for value in strings]
    assert doubled["same"].tolist() == strings
    np.testing.assert_array_equal(halved["data"], half / 2)


def test_failures_name_the_signature_and_carry_the_message(saved_model, tmp_path):
    good = ("decode", {"latent": np.zeros([1, 2], np.float32)})
    with pytest.raises(CApiError, match=r"'decode' failed.*float but double is provided"):
        run_in_c_api(saved_model, [good, ("decode", {"latent": np.zeros([1, 2])})])
    with pytest.raises(CApiError, match=r"'python' failed.*PyFunc"):
        run_in_c_api(saved_model, [good, ("python", {"data": np.zeros(1, np.float32)})])
    with pytest.raises(ValueError, match=r"'nothing' not found; the model has \['decode'"):
        run_in_c_api(saved_model, [("nothing", {})])
    with pytest.raises(ValueError, match=r"inputs of signature 'decode' are \['latent'\], got"):
        run_in_c_api(saved_model, [("decode", {"z": np.zeros([1, 2], np.float32)})])
    with pytest.raises(CApiError, match=r"does not exist"):
        run_in_c_api(tmp_path, [])
    whole = (saved_model / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(whole)  # loads, yet its variables are missing
    with pytest.raises(CApiError, match=r"'decode' failed.*[vV]ariable"):
        run_in_c_api(tmp_path, [good])
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "variables.index").write_bytes(b"broken")
    with pytest.raises(CApiError, match=r"loading failed in TensorFlow's C API: .+"):
        run_in_c_api(tmp_path, [])


def test_crash_and_hang_are_exceptions(saved_model, tmp_path, monkeypatch):
    script = tmp_path / "child.py"
    monkeypatch.setattr(c_api_session, "__file__", str(script))
    script.write_text("import os; os.abort()")
    with pytest.raises(CApiError, match=r"killed by SIGABRT"):
        run_in_c_api(saved_model, [])
    script.write_text("raise ValueError('reason')")
    with pytest.raises(CApiError, match=r"exited with 1(.|\n)*reason"):
        run_in_c_api(saved_model, [])
    script.write_text("import time; time.sleep(60)")
    with pytest.raises(CApiError, match=r"no answer .* in 0.1 s"):
        run_in_c_api(saved_model, [], timeout_seconds=0.1)


@pytest.mark.real_process
def test_the_process_imports_no_tensorflow(saved_model, tmp_path):
    (tmp_path / "spec.json").write_text(
        json.dumps(
            {
                "library": str(c_api.find_library()),
                "saved_model_path": str(saved_model),
                "tags": ["serve"],
                "config": "",
                "calls": [],
            }
        )
    )
    np.savez(tmp_path / "inputs.npz")
    program = (
        "import runpy, sys\n"
        f"runpy.run_path({c_api_session.__file__!r}, run_name='__main__')\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not names & {'tensorflow', 'keras', 'tensorflow_probability', 'tfvae'}, names\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    assert json.loads((tmp_path / "results.json").read_text()) == {"answers": []}
