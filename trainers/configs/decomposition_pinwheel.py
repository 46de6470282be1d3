"""The (alpha, beta) decomposition on the pinwheel, Mathieu et al. 2019 (arXiv:1812.02833).

400 points in four arms, z = 2, a prior of four components, every batch the whole data, Adam 1e-3.
The layers, the scale of the likelihood and 2,000 epochs (published: 500) are chosen here.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 2_000
    config.batch_size = 400
    config.model.name = "DecompositionVAE"
    config.model.alpha = 0.0
    config.model.beta = 1.0
    config.model.encoder = {"name": "DenseEncoder", "hidden": (100, 100)}
    config.model.decoder = {"name": "DenseDecoder", "hidden": (100, 100), "activation": "relu"}
    config.model.posterior.size = 2
    config.model.likelihood = {"name": "Normal", "scale": 0.1}
    config.model.prior = {"name": "NormalMixture", "size": 2}
    config.data.name = "Pinwheel"
    config.optimizer.learning_rate = 1e-3
    return config
