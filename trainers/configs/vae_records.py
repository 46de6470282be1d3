"""VAE on records that trainers.prepare made: give --config.data.pattern, the folder.

The settings of vae_images for any converted data; evaluation is on the split "test".
"""

from trainers.configs import vae_images


def get_config():
    """Returns the config."""
    config = vae_images.get_config()
    config.data = {"name": "TFRecords", "pattern": "", "split": "train", "verify_checksums": True}
    return config
