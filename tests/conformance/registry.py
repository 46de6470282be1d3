"""Every model, one line each; the conformance tests check every promise for each of them."""

import functools
import inspect

import keras
import numpy as np
import tensorflow as tf

import tfvae
from tfvae.data import Dataset

SHAPE = (8, 8, 1)
LATENTS = 3
EXAMPLES = 96


class Bars(Dataset):
    """Bright bars of random position and width, simple enough for a loss to fall quickly."""

    num_examples = EXAMPLES
    image_shape = SHAPE

    def __init__(self):
        column = np.arange(8)
        start = np.random.default_rng(0).integers(0, 6, EXAMPLES)[:, None]
        rows = (column >= start) & (column < start + 3)
        images = np.repeat(rows[:, None, :], 8, axis=1)[..., None]
        self.array = images.astype(np.float32)

    def gather(self, indices):
        return tf.gather(tf.constant(self.array), indices)


def build(
    cls,
    dtype=None,
    posterior=tfvae.heads.DiagonalNormal,
    prior=tfvae.priors.StandardNormal,
    encoder=None,
    **settings,
):
    """A model on small dense networks, the same weights each time."""
    keras.utils.set_random_seed(1)
    settings = {k: v() if inspect.isfunction(v) else v for k, v in settings.items()}
    head, likelihood = posterior(LATENTS), tfvae.heads.Bernoulli()
    encoder = encoder or functools.partial(tfvae.networks.DenseEncoder, hidden=(32,))
    return cls(
        encoder=encoder(head.params_size, dtype=dtype),
        decoder=tfvae.networks.DenseDecoder(SHAPE, likelihood.params_size, (32,), dtype=dtype),
        posterior=head,
        likelihood=likelihood,
        prior=prior(LATENTS),
        **settings,
    )


def two_layer_posterior(size):
    """q(z_1|x) q(z_2|z_1)."""
    heads = [tfvae.heads.FullCovarianceNormal(size - 1), tfvae.heads.DiagonalNormal(1)]
    network = tfvae.networks.DenseEncoder(2, hidden=(8,))
    return tfvae.heads.HierarchicalPosterior(heads, [network])


def two_layer_prior(size, batch_normalization=False):
    """p(z_2) p(z_1|z_2)."""
    network = tfvae.networks.DenseEncoder(
        2 * (size - 1), hidden=(8,), batch_normalization=batch_normalization
    )
    return tfvae.priors.HierarchicalPrior(
        tfvae.priors.StandardNormal(1), [tfvae.heads.DiagonalNormal(size - 1)], [network]
    )


def ladder_encoder(outputs, dtype=None):
    """Parameters of z_1 and of a z_2 of one dimension, with batch normalisation."""
    return tfvae.networks.LadderEncoder(
        (1, outputs // 2 - 1), ((16,), (16,)), batch_normalization=True, dtype=dtype
    )


RAMP = tfvae.schedules.Linear(0.0, 1.0, 10)

# name: (class, settings, config of its published experiment)
MODELS = {
    "VAE": (tfvae.VAE, {}, "vae_mnist"),
    "VAE, 4 samples": (tfvae.VAE, {"num_samples": 4, "kl_warmup": RAMP}, "vae_shapes2d"),
    "VAE, full covariance": (
        tfvae.VAE,
        {"posterior": tfvae.heads.FullCovarianceNormal},
        "vae_shapes2d",
    ),
    "BetaVAE": (tfvae.BetaVAE, {"beta": 2.0}, "beta_vae_shapes2d"),
    "FactorVAE": (
        tfvae.FactorVAE,
        {"gamma": 2.0, "discriminator": lambda: tfvae.networks.Discriminator((16, 16))},
        "factor_vae_shapes2d",
    ),
    "AdversarialAutoencoder": (
        tfvae.AdversarialAutoencoder,
        {"discriminator": lambda: tfvae.networks.Discriminator((16, 16))},
        "adversarial_autoencoder_shapes2d",
    ),
    "BetaTCVAE, MWS": (tfvae.BetaTCVAE, {"beta": 3.0, "num_samples": 2}, "beta_tc_vae_shapes2d"),
    "BetaTCVAE, MSS": (
        tfvae.BetaTCVAE,
        {"estimator": "mss", "dataset_size": EXAMPLES},
        "beta_tc_vae_shapes2d",
    ),
    "DIPVAE I": (tfvae.DIPVAE, {"lambda_off_diagonal": RAMP}, "dip_vae_shapes2d"),
    "DIPVAE II": (tfvae.DIPVAE, {"kind": "II", "lambda_diagonal": 5.0}, "dip_vae_shapes2d"),
    "InfoVAE": (tfvae.InfoVAE, {"lambda_mmd": 20.0}, "info_vae_shapes2d"),
    "DecompositionVAE, KL": (
        tfvae.DecompositionVAE,
        {"alpha": 1.0, "beta": 0.5},
        "decomposition_pinwheel",
    ),
    "DecompositionVAE, MMD": (
        tfvae.DecompositionVAE,
        {"alpha": RAMP, "divergence": "mmd"},
        "decomposition_shapes2d",
    ),
    "IWAE": (tfvae.IWAE, {"num_samples": 5}, "iwae_mnist"),
    "MIWAE, dreg": (
        tfvae.MIWAE,
        {"num_samples": 2, "num_bounds": 2, "gradient_estimator": "dreg"},
        "iwae_mnist",
    ),
    "CIWAE, stl": (
        tfvae.CIWAE,
        {"num_samples": 3, "gradient_estimator": "stl", "kl_warmup": RAMP},
        "iwae_mnist",
    ),
    "PIWAE": (tfvae.PIWAE, {"num_samples": 2, "num_bounds": 2}, "iwae_mnist"),
    "IWAE, two layers": (
        tfvae.IWAE,
        {"num_samples": 3, "posterior": two_layer_posterior, "prior": two_layer_prior},
        "iwae_two_layers_mnist",
    ),
    "VAE, ladder": (
        tfvae.VAE,
        {
            "encoder": ladder_encoder,
            "posterior": lambda size: tfvae.heads.LadderPosterior((1, size - 1)),
            "prior": functools.partial(two_layer_prior, batch_normalization=True),
            "kl_warmup": RAMP,
        },
        "ladder_vae_mnist",
    ),
    "AnnealedVAE": (
        tfvae.AnnealedVAE,
        {"gamma": 10.0, "capacity": tfvae.schedules.Linear(0.0, 5.0, 20)},
        "annealed_vae_shapes2d",
    ),
}

# Every prior but the standard normal, by its size. Each is tested with every objective, with the
# VAE for every promise that a prior may break, and alone in tests/priors.
PRIORS = {
    "AnisotropicNormal": lambda size: tfvae.priors.AnisotropicNormal(
        size, scales=np.linspace(0.5, 1.5, size)
    ),
    "AnisotropicNormal, learned": lambda size: tfvae.priors.AnisotropicNormal(
        size, scales=np.linspace(0.5, 2.0, size), learned=True
    ),
    "StudentT": lambda size: tfvae.priors.StudentT(
        size, degrees_of_freedom=np.linspace(9.0, 30.0, size)
    ),
    "Laplace": lambda size: tfvae.priors.Laplace(size, scale=np.linspace(0.5, 0.8, size)),
    "NormalMixture": tfvae.priors.NormalMixture,
    "NormalMixture, learned": lambda size: tfvae.priors.NormalMixture(size, learned=True),
    "SparseMixture": tfvae.priors.SparseMixture,
    "HierarchicalPrior": two_layer_prior,
    "VampPrior": lambda size: tfvae.priors.VampPrior(size, num_pseudo_inputs=5),
    "FlowPrior": lambda size: tfvae.priors.FlowPrior(size, num_layers=2, hidden=(8,)),
}


def trained(model, steps=20, start=0, seed=0, batch_size=32, optimizer=None, data=None):
    """Compiles a model if it is not compiled, and takes `steps` steps."""
    if not model.compiled:
        model.compile(optimizer or keras.optimizers.Adam(3e-3), seed=seed)
    data = data or Bars().batches(batch_size, seed, start_step=start)
    model.fit(data, steps_per_epoch=steps, verbose=0)
    return model


def weights(model):
    """All weights as one vector."""
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])
