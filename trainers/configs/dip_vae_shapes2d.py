"""DIP-VAE on 2D Shapes, Kumar et al. 2018 (arXiv:1711.00848) as in disentanglement_lib.

lambda_od 1 to 50; lambda_d is 10 lambda_od in kind I, lambda_od in kind II.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.model.name = "DIPVAE"
    config.model.kind = "I"
    config.model.lambda_off_diagonal = 10.0
    return config
