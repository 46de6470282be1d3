"""The promises of a model that generates data."""

import json
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

import tfvae
from tests.conformance.entries import in_every_run, rows
from tests.conformance.promises.trainable import TrainablePromises
from tfvae import noise


def each(function, value):
    """Returns function(value), or a dictionary of it if the data have several modalities."""
    if isinstance(value, Mapping):
        return {name: function(part) for name, part in value.items()}
    return function(value)


def shapes(value):
    """Returns the shape of an array, or of each modality's."""
    return each(lambda array: tuple(array.shape), value)


def require_serving_in_fewer_bits(model, examples, form, path):
    """Checks that matrices are stored as `form`, and how much the outputs then differ."""
    path = tfvae.export(
        model, path, log_likelihood_samples=2, weights=form, examples=examples
    )  # runs every signature
    card = json.loads((path / "assets.extra/model_card.json").read_text())["weights"]
    means = [error["mean"] for outputs in card["error"].values() for error in outputs.values()]
    assert 0 < np.mean(means) < 0.05
    reader = tf.train.load_checkpoint(str(path / "variables/variables"))
    types, sizes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    whole = [
        sizes[key]
        for key, dtype in types.items()
        if dtype == tf.float32 and np.prod(sizes[key]) > max([1, *sizes[key]])
    ]
    assert whole == []  # only vectors and scales


class GenerativePromises(TrainablePromises):
    """Promises of a `GenerativeModel`."""

    def test_samples_and_densities_have_the_data_shape(self, subject):
        model = subject.untrained
        p = model.decode(model.sample_latent(noise.seed_rows(0, 5)))
        assert each(lambda q: tuple(q.batch_shape), p) == each(lambda _: (5,), p)
        assert each(lambda q: tuple(q.event_shape), p) == model.data_shape
        of_four = each(lambda shape: (4, *shape), model.data_shape)
        assert shapes(model.sample(4, seed=0)) == of_four
        assert shapes(model(rows(subject.entry.x, range(4)))) == of_four

    def test_a_seed_gives_a_sample(self, subject):
        first, again, other = (
            tf.nest.flatten(subject.entry.make().sample(3, seed=seed)) for seed in (0, 0, 1)
        )
        assert all(map(np.array_equal, first, again))
        assert not any(map(np.allclose, first, other))

    @in_every_run("VAE", "FactorVAE", "JMVAE")
    def test_export_serves_through_the_c_api(self, subject):
        path = subject.export
        assert path == subject.folder / "export" / "1"
        assert [child.name for child in path.parent.iterdir()] == ["1"]

    @in_every_run("FactorVAE")
    def test_export_in_int8_serves_through_the_c_api(self, subject, tmp_path):
        # A separate export, since signatures differ and there are at most two modalities.
        entry = subject.entry
        examples = entry.small(entry.x)
        require_serving_in_fewer_bits(entry.make_small(), examples, "int8", tmp_path / "model")

    def test_densities_of_bfloat16_networks_are_float32(self, subject):
        model = subject.bfloat16
        p = model.decode(model.sample_latent(noise.seed_rows(0, 2)))
        assert each(lambda q: q.dtype, p) == each(lambda _: tf.float32, p)
