"""FactorVAE on 3D Chairs (Aubry et al. 2014), Kim & Mnih 2018 (arXiv:1802.05983).

Give --config.data.path, the folder `rendered_chairs`: 1,393 chairs from 62 sides, 600x600 pixels,
of which the central 400x400 are shown in grey at 64x64. It is published at
www.di.ens.fr/willow/research/seeing3Dchairs.

Published: grey 64x64 images, the convolutions of 2D Shapes with a hidden layer of 256, two batches
of 64, Adam 1e-4. Chosen here: the crop, gamma 3.2, z = 10, 1e-5 for the discriminator and 1,000,000
steps. Ten per cent of the images are kept for evaluation. All stay in memory once read (350 MB).
"""

from trainers.configs import factor_vae_shapes2d


def get_config():
    """Returns the config."""
    config = factor_vae_shapes2d.get_config()
    config.steps = 1_000_000
    config.model.gamma = 3.2
    config.model.encoder.hidden = 256
    config.model.decoder.hidden = 256
    config.discriminator_optimizer.learning_rate = 1e-5
    config.data = {
        "name": "ImageFolder",
        "path": "",
        "crop_size": (400, 400),
        "image_size": (64, 64),
        "channels": 1,
        "split": "train",
        "in_memory": True,
    }
    config.evaluation.data = {"split": "test"}
    return config
