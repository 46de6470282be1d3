"""Arguments of a method select its signature."""

import numpy as np
import pytest

from serving.client.signature_selection import (
    select_sample,
    select_signature,
    select_translation,
)
from serving.client.signature_specs import SignatureSpec, TensorSpec

IMAGE, SEED = TensorSpec(1, (-1, 4)), TensorSpec(9, (-1, 2))
STRINGS = TensorSpec(7, (-1,))


def signature(*inputs, outputs=("mean", "stddev")):
    specs = {
        name: SEED if name == "seed" else STRINGS if name.endswith("_bytes") else IMAGE
        for name in inputs
    }
    return SignatureSpec(specs, dict.fromkeys(outputs, IMAGE))


ONE = {
    "encode": signature("image"),
    "encode_sample": signature("image", "seed"),
    "encode_png": signature("image_bytes"),
    "sample": signature("seed"),
    "serving_default": signature("image"),
}
# Names may have underscores, and be such as other signatures' endings.
NAMES = ["left_eye", "right", "left_eye_right", "sample"]
SEVERAL = {
    "decode": signature("latent"),
    "encode_left_eye_right_left_eye_right_sample": signature(*NAMES),
    "encode_left_eye": signature("left_eye"),
    "encode_left_eye_right": signature("left_eye", "right"),
    "encode_sample": signature("sample"),
    "sample_given_left_eye": signature("left_eye", "seed"),
    "left_eye_to_right": signature("left_eye", outputs=["right"]),
    "left_eye_to_left_eye_right": signature("left_eye", outputs=["left_eye_right"]),
    "left_eye_to_right_png": signature("left_eye_bytes", outputs=["right"]),
    "encode_left_eye_right_png": signature("left_eye_bytes", "right"),
    "reconstruct": signature(*NAMES, outputs=NAMES),
}
ROWS = np.zeros([3, 4], np.float32)
PICTURES = {"left_eye_bytes": [b"1", b"2", b"3"]}


def of(*names):
    return dict.fromkeys(names, ROWS)


@pytest.mark.parametrize(
    ("signatures", "method", "given", "seed", "name"),
    [
        (ONE, "encode", ROWS, None, "encode"),
        (ONE, "encode", of("image"), None, "encode"),
        (ONE, "encode_sample", ROWS, 0, "encode_sample"),
        (ONE, "encode_sample", of("image"), 0, "encode_sample"),
        (SEVERAL, "encode", of("left_eye"), None, "encode_left_eye"),
        (SEVERAL, "encode", of("right", "left_eye"), None, "encode_left_eye_right"),
        (SEVERAL, "encode", PICTURES | of("right"), None, "encode_left_eye_right_png"),
        (SEVERAL, "encode", of("sample"), None, "encode_sample"),
        (SEVERAL, "encode", of(*NAMES), None, "encode_left_eye_right_left_eye_right_sample"),
        (SEVERAL, "reconstruct", of(*NAMES), None, "reconstruct"),
    ],
)
def test_chosen(signatures, method, given, seed, name):
    chosen, inputs = select_signature(signatures, method, given, seed)
    assert chosen == name
    assert set(inputs) == set(signatures[name].inputs)


def test_translations_and_samples():
    assert select_translation(SEVERAL, of("left_eye"), "right")[0] == "left_eye_to_right"
    assert select_translation(SEVERAL, PICTURES, "right")[0] == "left_eye_to_right_png"
    chosen, _ = select_translation(SEVERAL, of("left_eye"), "left_eye_right")
    assert chosen == "left_eye_to_left_eye_right"
    assert select_sample(ONE, 2, 7, None)[1]["seed"].tolist() == [[7, 0], [7, 1]]
    chosen, inputs = select_sample(SEVERAL, 5, 7, {"left_eye": ROWS[:1]})
    assert chosen == "sample_given_left_eye"
    assert inputs["left_eye"].shape == (5, 4)
    assert inputs["seed"].shape == (5, 2)


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (
            lambda: select_signature(SEVERAL, "encode", of("right")),
            r"no encode of right; it has: encode_left_eye of left_eye; encode_left_eye_right "
            "of left_eye, right; ",
        ),
        (
            lambda: select_translation(SEVERAL, of("right"), "left_eye"),
            "no translation to 'left_eye' of right; it has: none",
        ),
        (
            lambda: select_sample(SEVERAL, 3, 0, of("right")),
            "no samples given values of right; it has: sample_given_left_eye of left_eye",
        ),
        (
            lambda: select_sample(SEVERAL, 4, 0, of("left_eye")),
            r"left_eye of shape \(3, 4\); it must have 4 rows or 1",
        ),
        (
            lambda: select_signature(SEVERAL, "reconstruct", ROWS),
            "reconstruct takes a dictionary of the modalities left_eye, left_eye_right, right, sa",
        ),
        (
            lambda: select_signature(SEVERAL, "encode", ROWS),
            "no signature 'encode'; it has decode, ",
        ),
        (
            lambda: select_signature(SEVERAL, "encode", of("left_eye") | {"right": ROWS[:2]}),
            "the same number of rows; they have {'left_eye': 3, 'right': 2}",
        ),
    ],
)
def test_mistakes_list_what_is_exported(choose, message):
    with pytest.raises(ValueError, match=message):
        choose()
