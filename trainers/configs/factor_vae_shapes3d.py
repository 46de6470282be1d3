"""FactorVAE on 3D Shapes, Kim & Mnih 2018 (arXiv:1802.05983).

Published: the convolutions of 2D Shapes with a hidden layer of 256, two batches of 64, Adam 1e-4
for the VAE, Adam(1e-4, 0.5, 0.9) for the discriminator. Chosen here: gamma 20, z = 6 (one for each
factor) and 500,000 steps. The pictures are rendered here.
"""

from trainers.configs import factor_vae_shapes2d


def get_config():
    """Returns the config."""
    config = factor_vae_shapes2d.get_config()
    config.steps = 500_000
    config.model.gamma = 20.0
    config.model.posterior.size = 6
    config.model.prior.size = 6
    config.model.encoder.hidden = 256
    config.model.decoder.hidden = 256
    config.data = {"name": "Shapes3D"}
    return config
