"""beta-TCVAE on 2D Shapes, Chen et al. 2018 (arXiv:1802.04942) as in disentanglement_lib.

beta 1 to 10, minibatch weighted sampling; `--config.model.estimator=mss` for the stratified one.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.model.name = "BetaTCVAE"
    config.model.beta = 6.0
    config.model.estimator = "mws"
    config.model.dataset_size = 737_280
    return config
