"""Models of one modality: what each promises, and what is said of all of them."""

import importlib

import numpy as np
import pytest

import tfvae
from tests.conformance.entries import ONE_MODALITY
from tests.conformance.promises import LatentVariablePromises
from tests.conformance.registry import MODELS, Bars, build
from tests.conformance.registry_multimodal import LABELLED, MULTIMODAL
from tfvae.training.trainable_model import TrainableModel
from trainers import experiments
from trainers.runs import construct


class TestModels(LatentVariablePromises):
    entries = ONE_MODALITY


def test_bfloat16_networks_export(tmp_path):
    model = build(tfvae.VAE, dtype="mixed_bfloat16")
    assert tfvae.export(model, tmp_path / "model").name == "1"


CONFIGS = sorted(experiments.published("config"))


SHAPES_OF_MODALITIES = {"image": (16, 16, 1), "caption": (5,)}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_builds_its_model(name):
    config = importlib.import_module(f"trainers.configs.{name}").get_config()
    construct.check_names(config)
    data = Bars()
    data.image_shape = (16, 16, 1)  # small, for the published networks
    x = np.zeros((2, 16, 16, 1), np.float32)
    if "modalities" in config.model:
        data.shapes = {m: SHAPES_OF_MODALITIES.get(m, (10,)) for m in config.model.modalities}
        x = {m: np.zeros((2, *shape), np.float32) for m, shape in data.shapes.items()}
    model = construct.build_model(config, data)
    assert type(model).__name__ == config.model.name
    assert np.isfinite(model.elbo(x)).all()


def test_every_model_is_registered_and_has_a_config():
    registered = [*MODELS.values(), *MULTIMODAL.values(), *LABELLED.values()]
    models = {
        name
        for module in (tfvae.models, tfvae.multimodal)
        for name in module.__all__
        if issubclass(getattr(module, name), TrainableModel)
    }
    assert models - {"MultimodalVAE"} == {cls.__name__ for cls, _, _ in registered}
    assert {config for _, _, config in registered} <= set(CONFIGS)
