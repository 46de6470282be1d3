"""FactorVAE on CelebA (Liu et al. 2015), Kim & Mnih 2018 (arXiv:1802.05983).

Give --config.data.path, the folder `img_align_celeba`: 202,599 aligned photographs of 178x218
pixels, of which the central 148x148 are shown at 64x64. It is published at
mmlab.ie.cuhk.edu.hk/projects/CelebA.html.

Published: 64x64 colour images, the convolutions of 2D Shapes with a hidden layer of 256, two
batches of 64, Adam 1e-4. Chosen here: the crop, gamma 6.4, z = 10, 1e-5 for the discriminator and
1,000,000 steps. Ten per cent of the images are kept for evaluation (it is not CelebA's own split).
All stay in memory once read (2.5 GB).
"""

from trainers.configs import factor_vae_chairs3d


def get_config():
    """Returns the config."""
    config = factor_vae_chairs3d.get_config()
    config.model.gamma = 6.4
    config.data.crop_size = (148, 148)
    config.data.channels = 3
    return config
