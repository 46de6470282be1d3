import functools
import json

import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.conformance import registry, registry_multimodal

X = registry_multimodal.examples()
MAKERS = {
    **{
        name: functools.partial(registry.build, cls, **settings)
        for name, (cls, settings, _) in registry.MODELS.items()
    },
    **{
        name: functools.partial(registry.build, tfvae.VAE, prior=prior)
        for name, prior in registry.PRIORS.items()
    },
    **{
        name: functools.partial(registry_multimodal.build, cls, **settings)
        for name, (cls, settings, _) in registry_multimodal.MULTIMODAL.items()
    },
    **{
        name: functools.partial(registry_multimodal.build_labelled, cls, **settings)
        for name, (cls, settings, _) in registry_multimodal.LABELLED.items()
    },
}
ALWAYS = [("FactorVAE", "int8"), ("VampPrior", "bfloat16")]
SLOW = [(name, "int8") for name in MAKERS if (name, "int8") not in ALWAYS]


@pytest.mark.parametrize(
    ("name", "form"), [*ALWAYS, *(pytest.param(*one, marks=pytest.mark.slow) for one in SLOW)]
)
def test_export_of_fewer_bits_serves_through_the_c_api(name, form, tmp_path):
    model = MAKERS[name]()
    several = isinstance(model.data_shape, dict)
    examples = {key: X[key] for key in model.data_shape} if several else registry.Bars().array
    path = tfvae.export(
        model,
        tmp_path / "model",
        log_likelihood_samples=2,
        weights=form,
        examples=examples,
    )
    weights = json.loads((path / "assets.extra/model_card.json").read_text())["weights"]
    means = [error["mean"] for outputs in weights["error"].values() for error in outputs.values()]
    assert 0 < np.mean(means) < 0.05
    reader = tf.train.load_checkpoint(str(path / "variables/variables"))
    types, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    whole = [
        shapes[key]
        for key, dtype in types.items()
        if dtype == tf.float32 and np.prod(shapes[key]) > max([1, *shapes[key]])
    ]
    assert whole == []  # but vectors and scales
