"""beta-VAE on 3D Shapes, Kim & Mnih 2018 (arXiv:1802.05983).

Published: the convolutions of 2D Shapes with a hidden layer of 256, batch 64, Adam 1e-4. Chosen
here: beta 4, z = 10 and 500,000 steps. The pictures are rendered here; in a config of your own,
`data = {"name": "Shapes3DFile", "path": ..., "unpacked": True}` is the published ones.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 500_000
    config.model.name = "BetaVAE"
    config.model.beta = 4.0
    config.model.encoder.hidden = 256
    config.model.decoder.hidden = 256
    config.data = {"name": "Shapes3D"}
    return config
