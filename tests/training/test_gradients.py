import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae


def after_steps(model, images, accumulation, batch_size):
    model.compile(keras.optimizers.Adam(1e-2), seed=5, accumulation=accumulation)
    history = model.fit(images, batch_size=batch_size, shuffle=False, verbose=0).history
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()]), history


@pytest.mark.parametrize("accumulation", [2, 3])
def test_a_batch_in_parts_takes_the_step_of_the_whole(tiny_model, images, accumulation):
    # 16 rows make batches of 11 and 5, which are not multiples of the number of parts.
    (whole, terms), (parts, terms_of_parts) = (
        after_steps(tiny_model(), images, number, 11) for number in (1, accumulation)
    )
    np.testing.assert_allclose(parts, whole, atol=2e-6)
    for name, values in terms.items():
        assert terms_of_parts[name] == pytest.approx(values, rel=1e-5)


def test_one_part_is_computed_at_a_time(tiny_model, images):
    model = tiny_model()
    model.compile("sgd", accumulation=3)

    step = tf.function(model.train_step, autograph=False)
    graph = step.get_concrete_function(tf.TensorSpec([16, 4, 4, 1])).graph
    operations = graph.get_operations()
    forward = [o for o in operations if o.type == "MatMul" and "gradient" not in o.name]
    backward = [o for o in operations if o.type == "BiasAddGrad"]  # each layer has one of each
    layers = len(forward) // 3
    assert len(backward) == len(forward) == 12
    for number, operation in enumerate(forward):
        parts_before = number // layers
        assert ancestors(operation) >= set(backward[: parts_before * layers])


def ancestors(operation):
    found, todo = set(), [operation]
    while todo:
        current = todo.pop()
        for before in (*current.control_inputs, *(tensor.op for tensor in current.inputs)):
            if before not in found:
                found.add(before)
                todo.append(before)
    return found


@pytest.mark.parametrize(
    ("cls", "accumulation", "message"),
    [
        (tfvae.VAE, 17, "batch_size is 16; 1 replicas and accumulation 17 need at least 17"),
        (tfvae.FactorVAE, 5, r"needs at least 4, .* in each of 5 parts \(accumulation\)"),
        (tfvae.VAE, 0, "accumulation is 0; it must be at least 1"),
    ],
)
def test_more_parts_than_rows_are_refused(tiny_model, images, cls, accumulation, message):
    model = tiny_model(cls)
    with pytest.raises(ValueError, match=message):
        after_steps(model, images, accumulation, 16)
