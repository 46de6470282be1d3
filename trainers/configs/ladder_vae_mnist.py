"""Ladder VAE on dynamically binarised MNIST: Sønderby et al. 2016 (arXiv:1602.02282).

Five stochastic layers of 64, 32, 16, 8 and 4 latents from the data upwards; two deterministic
layers of 512, 256, 128, 64 and 32 leaky rectifiers before each of them, up and down (their slope is
0.2 here, 0.1 there); batch normalisation, 200 epochs of warm-up, Adam at 1e-3, batch 256, 2000
epochs. One importance sample in training: --config.model.name=IWAE --config.model.num_samples=10
takes ten.
"""

from trainers.configs import default

SIZES = (4, 8, 16, 32, 64)  # of the stochastic layers, top first
UNITS = (32, 64, 128, 256, 512)  # of the deterministic layers before each
STEPS_PER_EPOCH = 60_000 // 256


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 2000 * STEPS_PER_EPOCH
    config.log_every = STEPS_PER_EPOCH
    config.batch_size = 256
    style = {"activation": "leaky_relu", "batch_normalization": True}
    config.model.encoder = {
        "name": "LadderEncoder",
        "sizes": list(SIZES),
        "hidden": [[units] * 2 for units in UNITS],
        **style,
    }
    config.model.decoder = {"name": "DenseDecoder", "hidden": [UNITS[-1]] * 2, **style}
    config.model.posterior = {"name": "LadderPosterior", "sizes": list(SIZES)}
    below = list(zip(SIZES[1:], UNITS, strict=False))  # z_4, then down to z_1
    config.model.prior = {
        "name": "HierarchicalPrior",
        "top": {"name": "StandardNormal", "size": SIZES[0]},
        "heads": [{"name": "DiagonalNormal", "size": size} for size, _ in below],
        "networks": [
            {"name": "DenseEncoder", "outputs": 2 * size, "hidden": [units] * 2, **style}
            for size, units in below
        ],
    }
    config.model.kl_warmup = {
        "name": "Linear",
        "start": 0.0,
        "end": 1.0,
        "steps": 200 * STEPS_PER_EPOCH,
    }
    config.data = {"name": "MNIST", "split": "train", "binarisation": "dynamic"}
    config.optimizer.learning_rate = 1e-3
    config.evaluation.data = {"split": "test"}
    config.output_bias_from_data = True
    return config
