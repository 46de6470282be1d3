"""FactorVAE on 2D Shapes, Kim & Mnih 2018 (arXiv:1802.05983, appendix A).

gamma 10 to 100, the best 35 to 40; two batches of 64; Adam 1e-4 for the VAE, Adam(1e-4, 0.5, 0.9)
for the discriminator of six layers of 1000 units; 300,000 steps.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.batch_size = 128  # the VAE's 64 and the discriminator's second 64
    config.model.name = "FactorVAE"
    config.model.gamma = 40.0
    config.model.discriminator = {"name": "Discriminator", "hidden": (1000,) * 6}
    config.discriminator_optimizer = {
        "name": "Adam",
        "learning_rate": 1e-4,
        "beta_1": 0.5,
        "beta_2": 0.9,
    }
    return config
