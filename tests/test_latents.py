import numpy as np
import pytest

from tfvae import latents

CODES = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 6.0], [0.0, 9.0], [0.0, 12.0], [4.0, 4.0]])
LABELS = np.array([7, 7, 2, 2, 2, 5])


def rows(seed, n=4, d=3):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def angle(a, b):
    cosine = np.sum(a * b, -1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.arccos(cosine)


def test_class_means_are_by_label_in_order():
    means = latents.class_means(CODES, LABELS)
    assert list(means) == [2, 5, 7]
    np.testing.assert_allclose(list(means.values()), [[0, 9], [4, 4], [2, 0]])
    assert latents.class_means(CODES[:2], ["b", "a"])["a"].tolist() == [3, 0]


def test_direction_is_from_the_rest_or_one_class():
    # The mean of the rest is over rows, not classes: (0 + 0 + 0 + 4) / 4, (6 + 9 + 12 + 4) / 4.
    np.testing.assert_allclose(latents.direction(CODES, LABELS, 7), [2 - 1, 0 - 7.75])
    np.testing.assert_allclose(latents.direction(CODES, LABELS, 7, versus=2), [2, -9])


def test_direction_is_added_step_by_step():
    a = rows(0)
    added = latents.add(a, [1, 0, -2], steps=5, amount=2.0)
    assert (added.shape, added.dtype) == ((5, 4, 3), np.float32)
    np.testing.assert_array_equal(added[0], a)
    moved = added - a
    np.testing.assert_allclose(moved[:, 3], np.arange(5)[:, None] * [0.5, 0, -1], atol=1e-6)
    np.testing.assert_allclose(moved[4], [[2, 0, -4]] * 4, atol=1e-6)


def test_slerp_turns_at_constant_speed_while_the_norm_goes_linearly():
    a, b = rows(0), rows(1)
    between = latents.slerp(a, b, np.linspace(0, 1, 6)).astype(np.float64)
    turned = angle(between[:-1], between[1:])
    np.testing.assert_allclose(turned, np.tile(angle(a, b) / 5, (5, 1)), rtol=1e-4)
    norms = [np.linalg.norm(x, axis=-1) for x in (a, b)]
    np.testing.assert_allclose(np.linalg.norm(between, axis=-1), np.linspace(*norms, 6), rtol=1e-5)


def test_slerp_of_a_quarter_turn():
    third = latents.slerp([2.0, 0.0], [0.0, 2.0], [1 / 3])
    np.testing.assert_allclose(third, [[np.sqrt(3), 1]])


def test_slerp_of_one_direction_is_the_straight_line():
    a = rows(0)
    np.testing.assert_allclose(latents.slerp(a, 3 * a, [0.25, 1.0]), [1.5 * a, 3 * a], rtol=1e-6)


@pytest.mark.parametrize("method", latents.METHODS)
def test_interpolation_has_exact_ends(method):
    a, b = rows(0), rows(1)
    between = latents.interpolate(a, b, 4, method)
    assert (between.shape, between.dtype) == ((4, 4, 3), np.float32)
    np.testing.assert_array_equal(between[0], a)
    np.testing.assert_array_equal(between[-1], b)
    assert latents.interpolate(a[0], b[0], 4, method).shape == (4, 3)


def test_methods_differ_as_they_say():
    a, b = rows(0), rows(1)
    straight = latents.interpolate(a, b, 5, "linear")
    np.testing.assert_allclose(straight[1], 0.75 * a + 0.25 * b, rtol=1e-5)
    np.testing.assert_array_equal(
        latents.interpolate(a, b, 5), latents.slerp(a, b, np.linspace(0, 1, 5))
    )


def test_a_model_gives_arrays(tiny_model, images, monkeypatch):
    monkeypatch.setattr(latents, "ROWS_AT_ONCE", 5)  # so that 16 rows are several batches
    model = tiny_model()
    codes = latents.encoded(model.encode, images)
    np.testing.assert_allclose(codes, model.encode(images).mean(), rtol=1e-5)
    z = latents.interpolate(codes[:7], codes[7:14], 3)
    decoded = latents.decoded(model.decode, z)
    assert decoded.shape == (3, 7, 4, 4, 1)
    np.testing.assert_allclose(decoded, model.decode(z).mean(), rtol=1e-5)


def test_functions_of_arrays_are_called_in_batches():
    seen = []

    def encode(part):
        seen.append(len(part))
        return 2 * part

    x = np.arange(1002.0)[:, None]
    np.testing.assert_array_equal(latents.encoded(encode, x), 2 * x)
    assert seen == [500, 500, 2]
    np.testing.assert_array_equal(latents.encoded(lambda x: (x, np.ones_like(x)), x), x)  # stddev


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (
            "class_means",
            (CODES, LABELS[:5]),
            r"labels has shape \[5\]; it must be \[6\], one label",
        ),
        ("class_means", (CODES[0], LABELS), r"codes has shape \[2\]; it must be \[N, d\]"),
        ("class_means", (CODES * np.nan, LABELS), "codes has nan at row 0, column 0"),
        ("direction", (CODES, LABELS, 3), "label is 3, which never occurs; the labels are 2, 5, 7"),
        ("direction", (CODES, LABELS, 2, 0), "versus is 0, which never occurs"),
        ("direction", (CODES, LABELS, 2, 2), "label and versus are both 2; they must be different"),
        ("direction", (CODES[:2], LABELS[:2], 7), "label is 7 in all 2 rows; a direction needs"),
        ("add", (CODES, CODES[0], 1), "steps is 1; it must be at least 2"),
        ("add", (CODES, np.ones(3)), r"latents has shape \[6, 2\] and direction \[3\]; they must"),
        ("interpolate", (CODES, CODES, 1), "steps is 1; it must be at least 2"),
        ("interpolate", (CODES, CODES, 3, "arc"), "method is 'arc'; it must be one of 'slerp', 'l"),
        ("interpolate", (CODES, CODES[:2], 3), r"a has shape \[6, 2\] and b \[2, 2\]; they must"),
        ("slerp", (CODES, CODES * [[1], [0], [1], [1], [1], [1]], [0.5]), "b is zero at row 1: "),
        ("slerp", ([0.0, 0.0], [1.0, 0.0], [0.5]), "a is zero: a zero vector has no direction; "),
        ("slerp", (rows(0), -2 * rows(0), [0.5]), "a and b are opposite at row 0: the arc"),
    ],
)
def test_mistakes_are_named(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(latents, function)(*arguments)
