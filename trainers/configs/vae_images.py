"""VAE on a folder of a user's own images: give --config.data.path.

The convolutional networks of the disentanglement papers on 64x64 RGB, z = 32; ten per cent of the
images are kept for evaluation.
"""

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 100_000
    config.model.posterior.size = 32
    config.model.prior.size = 32
    config.model.encoder.hidden = 256
    config.model.decoder.hidden = 256
    config.data = {
        "name": "ImageFolder",
        "path": "",
        "image_size": (64, 64),
        "channels": 3,
        "split": "train",
        "skip_unreadable": False,
    }
    config.evaluation.data = {"split": "test"}
    return config
