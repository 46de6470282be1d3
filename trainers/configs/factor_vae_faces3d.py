"""FactorVAE on 3D Faces (Paysan et al. 2009), Kim & Mnih 2018 (arXiv:1802.05983).

Give --config.data.path, a folder of pictures of the Basel Face Model. The paper's 239,840 are not
published: they have to be rendered from the model. Shown are the largest central squares, in grey
at 64x64.

Published: grey 64x64 images, the convolutions of 2D Shapes with a hidden layer of 256, two batches
of 64, Adam 1e-4. Chosen here: gamma 6.4, z = 10, 1e-5 for the discriminator and 1,000,000 steps.
Ten per cent of the images are kept for evaluation. All stay in memory once read (1 GB).
"""

from trainers.configs import factor_vae_chairs3d


def get_config():
    """Returns the config."""
    config = factor_vae_chairs3d.get_config()
    config.model.gamma = 6.4
    del config.data.crop_size
    return config
