"""Every prior with every objective, and with the VAE for each promise that a prior may break."""

import inspect

import pytest

import tfvae
from tests.conformance.entries import IMAGES, WITH_PRIORS, in_every_run
from tests.conformance.promises import LatentVariablePromises
from tests.conformance.promises.generative import require_serving_in_fewer_bits
from tests.conformance.registry import MODELS, PRIORS, build
from tests.conformance.subject import Subject

WEIGHTLESS = ("NormalMixture", "StudentT", "Laplace", "SparseMixture")


class PriorPromises(LatentVariablePromises):
    """The promises left out do not depend on the prior."""

    test_training_makes_progress = None
    test_resumed_equals_uninterrupted = None
    test_seeds_reproduce = None
    test_bfloat16_networks_train = None
    test_densities_of_bfloat16_networks_are_float32 = None
    test_posterior_of_bfloat16_networks_is_float32 = None
    # Stored weights do not depend on the prior: see `STORED`.
    test_export_in_int8_serves_through_the_c_api = None

    @in_every_run("HierarchicalPrior", "VampPrior", "StudentT")
    @pytest.mark.filterwarnings("ignore:prior .* has trainable weights, which stay fixed")
    def test_every_objective_takes_it(self, subject, tmp_path):
        # A class's first settings: later ones may bring a prior of their own.
        first = {cls: settings for cls, settings, _ in reversed(MODELS.values())}
        for cls, settings in first.items():
            model = build(cls, **settings, prior=PRIORS[subject.entry.name])
            with_it = Subject(subject.entry, tmp_path)
            with_it.untrained = model
            self.test_terms_and_gradients_are_finite(with_it)
            self.test_samples_and_densities_have_the_data_shape(with_it)


class TestPriors(PriorPromises):
    entries = tuple(entry for entry in WITH_PRIORS if entry.name not in WEIGHTLESS)


class TestWeightlessPriors(PriorPromises):
    """They have no variables that a file or a second replica could change."""

    entries = tuple(entry for entry in WITH_PRIORS if entry.name in WEIGHTLESS)
    test_keras_file_goes_on_training_the_same = None
    test_two_replicas_equal_one_device = None


# Priors with networks or data of their own.
STORED = [
    ("VampPrior", "bfloat16"),
    *(
        pytest.param(name, "int8", marks=pytest.mark.slow)
        for name in ("VampPrior", "FlowPrior", "HierarchicalPrior")
    ),
]


@pytest.mark.parametrize(("name", "form"), STORED)
def test_export_in_fewer_bits_serves_through_the_c_api(name, form, tmp_path):
    model = build(tfvae.VAE, prior=PRIORS[name])
    require_serving_in_fewer_bits(model, IMAGES, form, tmp_path / "model")


def test_every_prior_is_registered():
    exported = {name for name, item in vars(tfvae.priors).items() if inspect.isclass(item)}
    assert {type(prior(3)).__name__ for prior in PRIORS.values()} == exported - {"StandardNormal"}
