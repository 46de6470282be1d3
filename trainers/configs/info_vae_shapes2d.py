"""InfoVAE with the maximum mean discrepancy on 2D Shapes, Zhao et al. 2017 (arXiv:1706.02262).

alpha 0; lambda 1000, as they have it for summed likelihoods.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.model.name = "InfoVAE"
    config.model.alpha = 0.0
    config.model.lambda_mmd = 1000.0
    return config
