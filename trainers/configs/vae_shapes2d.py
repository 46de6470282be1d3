"""VAE on 2D Shapes: beta-VAE's settings at beta = 1."""

from trainers.configs import default


def get_config():
    """Returns the config."""
    return default.get_config()
