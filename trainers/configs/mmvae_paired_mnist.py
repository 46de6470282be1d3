"""MMVAE on digits 1 and 2 placed left or right: mixtures of experts.

Shi et al. 2019 (arXiv:1911.03393); the networks are those of `jmvae_paired_mnist`.
"""

from trainers.configs import jmvae_paired_mnist


def get_config():
    """Returns the config."""
    config = jmvae_paired_mnist.get_config()
    config.model.name = "MMVAE"
    del config.model.alpha
    del config.model.joint_encoder
    del config.model.subsets
    config.model.num_samples = 10
    config.model.gradient_estimator = "dreg"
    return config
