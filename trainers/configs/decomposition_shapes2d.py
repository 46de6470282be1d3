"""The (alpha, beta) decomposition on 2D Shapes, Mathieu et al. 2019 (arXiv:1812.02833).

z = 10, batch 64, 20 epochs, Adam 5e-4 with AMSGrad, alpha 0; what is varied are beta and the prior:
StandardNormal, AnisotropicNormal, StudentT.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 230_400  # 20 epochs
    config.model.name = "DecompositionVAE"
    config.model.alpha = 0.0
    config.model.beta = 1.0
    config.optimizer.learning_rate = 5e-4
    config.optimizer.amsgrad = True
    return config
