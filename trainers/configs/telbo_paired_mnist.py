"""TELBO on digits 1 and 2 placed left or right: the triple bound.

Vedantam et al. 2018 (arXiv:1705.10762); the networks are those of `jmvae_paired_mnist`.
"""

from trainers.configs import jmvae_paired_mnist


def get_config():
    """Returns the config."""
    config = jmvae_paired_mnist.get_config()
    config.model.name = "TELBO"
    del config.model.alpha
    # Labels weigh more where nothing else is seen, and their decoders learn from the joint bound.
    config.model.subset_weights = {"position": 50.0, "digit": 50.0}
    config.model.fixed_decoders = ["position", "digit"]
    return config
