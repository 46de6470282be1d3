"""Several stochastic layers, and batch normalisation between them, in every run of the tests."""

import functools

from tests.conformance import test_models as promises
from tests.conformance.registry import MODELS, build


def make(name):
    cls, settings, _ = MODELS[name]
    return functools.partial(build, cls, **settings)


def test_batch_normalisation_over_two_uneven_replicas_is_that_of_one_device(mirrored):
    # Moving averages are among the weights compared.
    promises.test_two_replicas_equal_one_device(make("VAE, ladder"), 33, mirrored)


def test_ladder_in_a_keras_file_goes_on_training_the_same(tmp_path):
    promises.test_keras_file_round_trip_goes_on_training_the_same(make("VAE, ladder"), tmp_path)


def test_two_layers_serve_through_the_c_api(tmp_path):
    promises.test_export_serves_through_the_c_api(make("IWAE, two layers"), tmp_path)
