"""beta-VAE on 2D Shapes, the settings of Kim & Mnih 2018 (arXiv:1802.05983, appendix A).

Batch 64, z = 10, Adam 1e-4, 300,000 steps; beta 1, 4, 6, 8, 10 are published, 4 is the best.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 300_000
    config.model.name = "BetaVAE"
    config.model.beta = 4.0
    return config
