"""The semi-supervised VAE on MNIST with 600 of 60,000 labels, the M2 of Kingma et al. 2014.

arXiv:1406.5298: z = 50, networks of 500 softplus units, alpha a tenth of the number of examples
over that of the labelled ones.
"""

from trainers.configs import default

HIDDEN = {"hidden": [500], "activation": "softplus"}
STEPS_PER_EPOCH = 600
LABELLED = 0.01


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 100 * STEPS_PER_EPOCH
    config.log_every = STEPS_PER_EPOCH
    config.batch_size = 100
    config.model = {
        "name": "SemiSupervisedVAE",
        "alpha": 0.1 / LABELLED,
        "modalities": {
            "image": {
                "encoder": {"name": "DenseEncoder", "outputs": 10, **HIDDEN},
                "decoder": {"name": "DenseDecoder", **HIDDEN},
                "likelihood": {"name": "Bernoulli"},
            },
            "digit": {"name": "Label", "num_classes": 10},
        },
        "joint_encoder": {
            "encoders": {
                "image": {"name": "DenseEncoder", "outputs": 500, "hidden": []},
                "digit": {"name": "DenseEncoder", "outputs": 500, "hidden": []},
            },
            "hidden": [500],
            "activation": "softplus",
        },
        "posterior": {"name": "DiagonalNormal", "size": 50},
        "prior": {"name": "StandardNormal", "size": 50},
        "num_samples": 1,
    }
    config.data = {
        "name": "LabelledMNIST",
        "split": "train",
        "binarisation": "dynamic",
        "missing": {"digit": 1 - LABELLED},
    }
    config.optimizer.learning_rate = 3e-4
    config.evaluation.data = {"split": "test", "missing": None}
    return config
