"""Adversarial autoencoder on 2D Shapes, Makhzani et al. 2016 (arXiv:1511.05644).

The networks and the discriminator of FactorVAE on 2D Shapes, for comparison with that paper; the
weight of the adversarial loss is chosen here.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.model.name = "AdversarialAutoencoder"
    config.model.adversarial_weight = 10.0
    config.model.discriminator = {"name": "Discriminator", "hidden": (1000,) * 6}
    config.discriminator_optimizer = {
        "name": "Adam",
        "learning_rate": 1e-4,
        "beta_1": 0.5,
        "beta_2": 0.9,
    }
    return config
