import shutil

import pytest
import tensorflow as tf

import tfvae
from serving.check import PathError, version_directories
from tests import programs
from tests.serving.serving_helpers import export

FLOAT = tf.TensorSpec([None, 2], tf.float32, "x")


def check(*arguments):
    done = programs.run("serving.check", *arguments)
    return done.returncode, done.stdout, done.stderr


def save(path, function, spec=FLOAT, name="serving_default"):
    module = tf.Module()
    module.scale = tf.Variable(2.0)
    traced = tf.function(lambda x: {"y": function(x) * tf.cast(module.scale, spec.dtype)})
    signatures = {name: traced.get_concrete_function(spec)} if name else {}
    tf.saved_model.save(module, str(path), signatures=signatures)


def half_copied(path, name):
    export(path)
    (path / name).unlink()


BROKEN = {
    # The model, the message, and whether the stock server would fail.
    "python": (
        lambda path: save(path, lambda x: tf.numpy_function(abs, [x], tf.float32)),
        r"error: signature serving_default: operation PyFunc (PyFunc) runs Python",
        True,
    ),
    "xla": (
        lambda path: save(path, tf.function(tf.exp, jit_compile=True)),
        "must be compiled by XLA",
        True,
    ),
    "random": (
        lambda path: save(path, lambda x: x + tf.random.normal([2])),
        "operation random_normal/RandomStandardNormal (RandomStandardNormal) draws from a hidden",
        False,
    ),
    "batch of one inside": (
        lambda path: save(path, lambda x: tf.reshape(x, [1, 2])),
        "error: signature serving_default, batch 3: Input to reshape is a tensor with 6 values",
        True,
    ),
    "batch of two": (
        lambda path: save(path, tf.exp, tf.TensorSpec([2, 2], tf.float32, "x")),
        "input x is float32 [2, 2]; its first axis is not a batch of any size",
        False,
    ),
    "sum over the batch": (
        lambda path: save(path, lambda x: tf.reduce_sum(x, 0)),
        "serving_default, batch 3, output y: shape [2], first axis not the batch",
        False,
    ),
    "double": (
        lambda path: save(path, tf.exp, tf.TensorSpec([None, 2], tf.float64, "x")),
        "input x is float64 [None, 2]; exports have float32 and integers",
        False,
    ),
    "no default": (
        lambda path: save(path, tf.exp, name="encode"),
        "signature serving_default is missing",
        False,
    ),
    "no signature": (lambda path: save(path, tf.exp, name=None), "there is no signature", True),
    "infinite": (
        lambda path: save(path, lambda x: x / 0.0),
        "serving_default, batch 1, output y: not finite",
        False,
    ),
}


BROKEN |= {
    f"without {name}": (
        lambda path, name=name: half_copied(path, name),
        message,
        True,
    )
    for name, message in {
        "saved_model.pb": "saved_model.pb does not exist",
        "variables/variables.index": "is not whole: variables/variables.index is missing",
        "variables/variables.data-00000-of-00001": "variables.data-00000-of-00001; No such file",
    }.items()
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The output for a base path of broken models: defect to (is error, lines)."""
    base = tmp_path_factory.mktemp("broken")
    for number, (make, _, _) in enumerate(BROKEN.values()):
        make(base / str(number))
    code, output, errors = check(base)
    assert (code, errors) == (1, "")
    return {
        what: [line.strip() for line in output.splitlines() if f"{base}/{number}:" in line]
        or output
        for number, what in enumerate(BROKEN)
    }, output


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_named(what, broken):
    _, message, refused = BROKEN[what]
    lines, output = broken
    print(output)
    assert message in output
    assert ("error" in lines[what][-1]) == refused


def test_an_export_is_good_and_one_that_breaks_a_promise_is_not(tiny_model, tmp_path):
    base = tmp_path / "ours"
    tfvae.export(tiny_model(), base, log_likelihood_samples=2)
    shutil.copytree(base / "1", base / "2")
    (base / "2/assets.extra/tf_serving_warmup_requests").unlink()  # so PNG is not run
    code, output, _ = check(base)
    first, second = output.split(f"{base}/1: can be served\n")
    rows = {line.split()[0]: line.strip() for line in first.splitlines() if "ran:" in line}
    assert set(rows) == set(tiny_model().signatures())
    assert all(line.endswith("ran: batch 0, 1, 3") for line in rows.values())
    assert "image float32 [None, 4, 4, 1]  mean float32 [None, 2]" in rows["encode"]
    assert code == 1
    assert "error: signature encode_png was not run: image_bytes has strings, which need" in second


def test_strict_checks_other_models_by_the_rules_for_exports(tmp_path):
    save(tmp_path / "1", lambda x: x + tf.random.normal([2]))
    code, output, _ = check(tmp_path / "1", "--strict")
    assert code == 1
    assert output.endswith("1: 1 errors\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "nothing does not exist"),
        ("file", "file is a file; give the folder of a version, or a base path"),
        ("empty", "empty has neither saved_model.pb nor a version, a folder named by a number"),
        ("half", "half is incomplete: saved_model.pb is missing"),
    ],
)
def test_paths_that_are_no_model(name, message, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty" / "one").mkdir(parents=True)
    (tmp_path / "half" / "variables").mkdir(parents=True)
    with pytest.raises(PathError, match=f"{message}$"):
        version_directories(tmp_path / name)


def test_a_wrong_path_is_one_line(tmp_path):
    code, output, errors = check(tmp_path / "nothing")
    assert (code, output) == (1, "")
    assert errors == f"serving.check: {tmp_path}/nothing does not exist\n"
