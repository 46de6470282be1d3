"""The trained model that comes with the repository."""

import json
import pathlib

import numpy as np
import tensorflow as tf

import tfvae

PATH = pathlib.Path(__file__).parents[2] / "saved_models/factor_vae/1"


def test_card_and_size():
    files = [path for path in PATH.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 5e6
    card = json.loads((PATH / "assets.extra/model_card.json").read_text())
    assert card["metrics"]["factor_vae_score"] == 0.83
    assert card["run_config"]["steps"] == card["step"] == 20_000


def test_it_reconstructs_and_has_a_dimension_for_each_place_and_size():
    shapes = tfvae.data.Shapes2D()
    indices = np.random.default_rng(0).choice(shapes.num_examples, 500, replace=False)
    images, factors = shapes.gather(indices), shapes.factors(indices)
    signatures = tfvae.saved_model.load(PATH)
    pictures = np.clip(signatures["reconstruct"](image=images)["image"], 1e-7, 1 - 1e-7)
    log_p = np.where(images, np.log(pictures), np.log1p(-pictures)).sum(axis=(1, 2, 3))
    assert -90 < log_p.mean() < -40
    codes = signatures["encode"](image=tf.constant(images))["mean"]
    for name in ("scale", "position_x", "position_y"):
        factor = factors[:, list(shapes.factor_names).index(name)]
        correlations = [abs(np.corrcoef(code, factor)[0, 1]) for code in np.transpose(codes)]
        assert max(correlations) > 0.85 > 2 * np.sort(correlations)[-2], name
