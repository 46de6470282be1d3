"""MoPoEVAE on digits 1 and 2 placed left or right: mixtures of products of experts.

Sutter et al. 2021 (arXiv:2105.02470); the networks are those of `jmvae_paired_mnist`.
"""

from trainers.configs import jmvae_paired_mnist


def get_config():
    """Returns the config."""
    config = jmvae_paired_mnist.get_config()
    config.model.name = "MoPoEVAE"
    del config.model.alpha
    del config.model.joint_encoder
    del config.model.subsets
    return config
