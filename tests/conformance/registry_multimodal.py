"""Every model of several modalities, one line each."""

import keras
import numpy as np
import tensorflow as tf

import tfvae
from tfvae.multimodal import Label, Modality

SHAPE = (8, 8, 1)
LATENTS = 3
EXAMPLES = 96
CLASSES = 4


def examples(missing=False):
    """Bright columns, the class of their position, and two numbers that depend on it."""
    random = np.random.default_rng(0)
    classes = random.integers(0, CLASSES, EXAMPLES)
    images = np.zeros((EXAMPLES, *SHAPE), np.float32)
    images[np.arange(EXAMPLES), :, 2 * classes] = 1.0
    x = {
        "image": images,
        "label": np.eye(CLASSES, dtype=np.float32)[classes],
        "point": (random.normal(size=(EXAMPLES, 2)) + classes[:, None]).astype(np.float32),
    }
    if missing:
        present = {"image": random.random(EXAMPLES) > 0.3, "label": random.random(EXAMPLES) > 0.5}
        x["present"] = present
        for name, here in present.items():  # these values must have no effect
            x[name] = np.where(here.reshape(-1, *[1] * (x[name].ndim - 1)), x[name], np.nan)
    return x


INCOMPLETE = {
    name: np.nan_to_num(value) if name != "present" else value
    for name, value in examples(missing=True).items()
}
PARTLY_LABELLED = {
    **{name: examples()[name] for name in ("image", "label")},
    "present": {"label": np.arange(EXAMPLES) % 8 == 0},
}


def batches(x, batch_size=32, start=0):
    """Endless batches in order, a function of the step."""
    return _batches(x, start, lambda step: step * batch_size + tf.range(batch_size, dtype=tf.int64))


def uneven_batches(x):
    """Endless batches of 33 and 32 rows in turn, of one type: one trace of a step takes both."""
    return _batches(x, 0, lambda step: step * 33 + tf.range(33 - step % 2))


def _batches(x, start, rows):
    tensors = tf.nest.map_structure(tf.constant, x)

    def batch(step):
        numbers = rows(step) % EXAMPLES
        return tf.nest.map_structure(lambda values: tf.gather(values, numbers), tensors)

    return tf.data.Dataset.range(start, 10**6).map(batch)


def encoder(outputs, dtype=None):
    """A small dense network."""
    return tfvae.networks.DenseEncoder(outputs, hidden=(16,), dtype=dtype)


def build(
    cls,
    dtype=None,
    joint=False,
    posterior=tfvae.heads.DiagonalNormal,
    names=("image", "label", "point"),
    **settings,
):
    """A model of the modalities `names` on small dense networks, the same weights each time."""
    keras.utils.set_random_seed(1)
    head = posterior(LATENTS)
    outputs = head.params_size

    def modality(shape, likelihood, weight=1.0):
        size = likelihood.params_size
        decoder = tfvae.networks.DenseDecoder(shape, size, (16,), dtype=dtype)
        return Modality(encoder(outputs, dtype), decoder, likelihood, weight)

    modalities = {
        "image": modality(SHAPE, tfvae.heads.Bernoulli()),
        "label": modality((CLASSES,), tfvae.heads.OneHotCategorical(), weight=5.0),
        "point": modality((2,), tfvae.heads.Normal()),
    }
    left_out = set(modalities) - set(names)
    modalities = {name: modalities[name] for name in names}
    if subsets := settings.get("subsets"):
        settings["subsets"] = [[name for name in s if name not in left_out] for s in subsets]
    if joint:
        encoders = {name: encoder(8, dtype) for name in modalities}
        settings["joint_encoder"] = tfvae.networks.JointEncoder(
            outputs, encoders, (16,), dtype=dtype
        )
    return cls(modalities=modalities, posterior=head, **settings)


def build_labelled(cls, dtype=None, **settings):
    """A model of an image and a label; the label is part of the latent."""
    keras.utils.set_random_seed(1)
    head, likelihood = tfvae.heads.DiagonalNormal(LATENTS), tfvae.heads.Bernoulli()
    decoder = tfvae.networks.DenseDecoder(SHAPE, likelihood.params_size, (16,), dtype=dtype)
    image = Modality(encoder(CLASSES, dtype), decoder, likelihood)  # the classifier
    encoders = {name: encoder(8, dtype) for name in ("image", "label")}
    joint = tfvae.networks.JointEncoder(head.params_size, encoders, (16,), dtype=dtype)
    return cls({"image": image, "label": Label(CLASSES)}, joint, head, **settings)


RAMP = tfvae.schedules.Linear(0.0, 1.0, 10)

LABELLED = {"SemiSupervisedVAE": (tfvae.SemiSupervisedVAE, {}, "semi_supervised_labelled_mnist")}
# name: (class, settings, config of its published experiment)
MULTIMODAL = {
    "JMVAE": (
        tfvae.JMVAE,
        {"joint": True, "alpha": RAMP, "subsets": [["image"], ["label", "point"]]},
        "jmvae_paired_mnist",
    ),
    "TELBO": (
        tfvae.TELBO,
        {"joint": True, "subset_weights": {"label": 10.0}, "fixed_decoders": ["label"]},
        "telbo_paired_mnist",
    ),
    "MVAE": (tfvae.MVAE, {"num_subsets": 1, "kl_warmup": RAMP}, "mvae_paired_mnist"),
    "MMVAE": (
        tfvae.MMVAE,
        {
            "posterior": tfvae.heads.FullCovarianceNormal,
            "num_samples": 3,
            "gradient_estimator": "dreg",
        },
        "mmvae_paired_mnist",
    ),
    "MoPoEVAE": (tfvae.MoPoEVAE, {}, "mopoe_vae_paired_mnist"),
}
