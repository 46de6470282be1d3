"""AnnealedVAE on 2D Shapes, Burgess et al. 2018 (arXiv:1804.03599) as in disentanglement_lib.

gamma 1000, capacity from 0 to 25 nats over 100,000 of 300,000 steps.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.model.name = "AnnealedVAE"
    config.model.gamma = 1000.0
    config.model.capacity = {"name": "Linear", "start": 0.0, "end": 25.0, "steps": 100_000}
    return config
