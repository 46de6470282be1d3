import inspect

import pytest

import tfvae
from tests.conformance import test_models as promises
from tests.conformance.registry import MODELS, PRIORS, Bars, build

IMAGES = Bars().array
WEIGHTLESS = ("StudentT", "Laplace", "SparseMixture")
every_prior = pytest.mark.parametrize("prior", PRIORS.values(), ids=list(PRIORS))
# The others hold no variable that a file or a second replica could get wrong.
with_weights = pytest.mark.parametrize(
    "prior",
    [prior for name, prior in PRIORS.items() if name not in WEIGHTLESS],
    ids=[name for name in PRIORS if name not in WEIGHTLESS],
)


def make_with(prior, cls=tfvae.VAE, **settings):
    return lambda: build(cls, prior=prior, **settings)


@every_prior
@pytest.mark.filterwarnings("ignore:prior .* has trainable weights, which stay as they are")
def test_every_objective_takes_it(prior):
    # A class's first settings: later ones may bring a prior of their own.
    first = {cls: settings for cls, settings, _ in reversed(MODELS.values())}
    for cls, settings in first.items():
        promises.test_shapes_and_finite_gradients(make_with(prior, cls, **settings))


@pytest.mark.slow
@with_weights
def test_keras_file_round_trip_goes_on_training_the_same(prior, tmp_path):
    promises.test_keras_file_round_trip_goes_on_training_the_same(make_with(prior), tmp_path)


@pytest.mark.slow
@every_prior
def test_export_serves_through_the_c_api(prior, tmp_path):
    promises.test_export_serves_through_the_c_api(make_with(prior), tmp_path)


@pytest.mark.slow
@with_weights
def test_two_replicas_equal_one_device(prior, mirrored):
    promises.test_two_replicas_equal_one_device(make_with(prior), 33, mirrored)


@every_prior
def test_order_of_a_batch_does_not_matter(prior):
    promises.test_order_of_a_batch_does_not_matter(make_with(prior))


def test_every_prior_is_registered():
    exported = {name for name, item in vars(tfvae.priors).items() if inspect.isclass(item)}
    assert {type(prior(3)).__name__ for prior in PRIORS.values()} == exported - {"StandardNormal"}
