"""MVAE on digits 1 and 2 placed left or right: products of experts.

Wu & Goodman 2018 (arXiv:1802.05335); the networks are those of `jmvae_paired_mnist`.
"""

from trainers.configs import jmvae_paired_mnist


def get_config():
    """Returns the config."""
    config = jmvae_paired_mnist.get_config()
    config.model.name = "MVAE"
    del config.model.alpha
    del config.model.joint_encoder
    del config.model.subsets
    config.model.num_subsets = 1
    return config
