import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.conformance.registry_multimodal import build, encoder, examples
from tfvae.multimodal import Modality, Product

X = {name: value[:4] for name, value in examples().items()}


@pytest.fixture(scope="module")
def model():
    model = build(tfvae.MVAE)
    model.compile(seed=0)
    return model


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({"sound": X["image"]}, "no modality 'sound'; there are image, label, point"),
        ({**X, "present": {"sound": np.ones(4)}}, "no modality 'sound'"),
        ({"image": X["image"], "present": {"label": np.ones(4)}}, "present has 'label', but"),
        ({**X, "label": X["label"][:3]}, "different numbers of examples: .*label 3"),
        ({**X, "label": np.array([0, 1, 4, 2])}, "'label' has class number 4; .*from 0 to 3"),
        ({**X, "label": 3 * X["label"]}, "modality 'label': images range from 0 to 3"),
        ({**X, "image": X["image"][:, :4]}, r"modality 'image': .*\[4, 8, 1\]"),
        (
            {**X, "present": {name: np.array([1, 1, 0, 1], bool) for name in X}},
            "1 of 4 rows have no modality at all, first row 2",
        ),
    ],
)
def test_bad_data_is_refused_before_the_first_step(model, x, message):
    with pytest.raises(ValueError, match=message):
        model.fit(x, batch_size=4, verbose=0)
    assert int(model.step) == 0


def test_translation_and_export_to_an_unknown_modality(model, tmp_path):
    with pytest.raises(ValueError, match="to is 'sound'; the modalities are image, label, point"):
        model.translate({"image": X["image"]}, to="sound")
    with pytest.raises(ValueError, match=r"subsets has .*'sound'"):
        tfvae.export(model, tmp_path / "model", subsets=[["image", "sound"]])
    with pytest.raises(ValueError, match="x and given both have label"):
        tfvae.evaluation.conditional_log_likelihood(model, X, {"label": X["label"]})


def test_products_need_normals():
    with pytest.raises(ValueError, match=r"posterior FullCovarianceNormal .*DiagonalNormal.*MMVAE"):
        build(tfvae.MoPoEVAE, posterior=tfvae.heads.FullCovarianceNormal)
    with pytest.raises(ValueError, match=r"prior Laplace .*StandardNormal"):
        build(tfvae.MVAE, prior=tfvae.priors.Laplace(3))


def test_constructors_name_what_is_wrong():
    with pytest.raises(ValueError, match="modalities is empty"):
        tfvae.MVAE({}, tfvae.heads.DiagonalNormal(2))
    modality = build(tfvae.MVAE).modalities["label"]
    for name in ("present", "latent", "a b"):
        with pytest.raises(ValueError, match="must be an identifier"):
            tfvae.MVAE({name: modality}, tfvae.heads.DiagonalNormal(3))
    with pytest.raises(ValueError, match=r"modality 'label': decoder takes inputs of shape \[3\]"):
        tfvae.MVAE({"label": modality}, tfvae.heads.DiagonalNormal(2))
    with pytest.raises(ValueError, match="weight is 0"):
        Modality(encoder(6), encoder(4), tfvae.heads.Bernoulli(), weight=0)
    with pytest.raises(ValueError, match="num_subsets is 1; 1 modalities have no subsets"):
        tfvae.MVAE({"label": modality}, tfvae.heads.DiagonalNormal(3), num_subsets=1)
    with pytest.raises(ValueError, match="gradient_estimator is 'stl'"):
        build(tfvae.MMVAE, gradient_estimator="stl")
    with pytest.raises(ValueError, match=r"subsets has \['sound'\]"):
        build(tfvae.JMVAE, joint=True, subsets=[["sound"]])
    with pytest.raises(ValueError, match="fixed_decoders has 'sound'"):
        build(tfvae.TELBO, joint=True, fixed_decoders=["sound"])
    with pytest.raises(ValueError, match="distributions of label"):
        _ = Product({"label": 1}) * Product({"label": 2})


def test_class_numbers_stand_for_one_hot_labels(model):
    numbers = tf.argmax(X["label"], axis=1)
    np.testing.assert_array_equal(
        model.encode({"label": numbers}).mean(), model.encode({"label": X["label"]}).mean()
    )
