"""JMVAE on MNIST's images and labels, Suzuki et al. 2016 (arXiv:1611.01891).

Networks of 512-512 rectified units, z = 64, batches of 100, a = 0.1, KL terms warmed up over 200
of 500 epochs; test log-likelihood of images about -86.86 there. Binarised dynamically.
"""

from trainers.configs import default
from trainers.configs.jmvae_paired_mnist import HIDDEN, modality

STEPS_PER_EPOCH = 600


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 500 * STEPS_PER_EPOCH
    config.log_every = 10 * STEPS_PER_EPOCH
    config.batch_size = 100
    config.model = {
        "name": "JMVAE",
        "alpha": 0.1,
        "kl_warmup": {"name": "Linear", "start": 0.0, "end": 1.0, "steps": 200 * STEPS_PER_EPOCH},
        "modalities": {
            "image": modality("Bernoulli", HIDDEN),
            "digit": modality("OneHotCategorical", HIDDEN),
        },
        "joint_encoder": {
            "encoders": {
                "image": {"name": "DenseEncoder", "outputs": 512, "hidden": [512]},
                "digit": {"name": "DenseEncoder", "outputs": 512, "hidden": [512]},
            },
            "hidden": [512],
        },
        "posterior": {"name": "DiagonalNormal", "size": 64},
        "prior": {"name": "StandardNormal", "size": 64},
        "num_samples": 1,
    }
    config.data = {"name": "LabelledMNIST", "split": "train", "binarisation": "dynamic"}
    config.optimizer.learning_rate = 1e-3
    config.evaluation.data = {"split": "test"}
    return config
