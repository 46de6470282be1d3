"""IWAE on dynamically binarised MNIST, one stochastic layer: Burda et al. 2016 (arXiv:1509.00519).

Section 5: z = 50, two deterministic layers of 200 tanh units on each side, k = 50, batch 20, Adam
(eps 1e-4), output bias at the logits of the training mean. Stage i = 0 ... 7 is 3^i epochs at a
learning rate of 10^(-3 - i/7), 3280 epochs in all: here of the 60,000 training digits; evaluation
is on the 10,000 test digits.

--config.steps=363000 ends with stage 4, after 121 epochs, as in the sweep `iwae_mnist`. The VAE of
the paper's table is --config.model.name=VAE; k is --config.model.num_samples.
"""

from trainers.configs import default

STEPS_PER_EPOCH = 3000
STAGES = 8


def stages() -> dict:
    """Returns the published learning rates, a schedule of Keras."""
    epochs = [sum(3**i for i in range(stage + 1)) for stage in range(STAGES)]  # at a stage's end
    return {
        "name": "PiecewiseConstantDecay",
        # A rate is used up to and including its boundary; the first step is 0.
        "boundaries": [end * STEPS_PER_EPOCH - 1 for end in epochs[:-1]],
        "values": [10 ** (-3 - stage / (STAGES - 1)) for stage in range(STAGES)],
    }


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = sum(3**i for i in range(STAGES)) * STEPS_PER_EPOCH
    config.log_every = STEPS_PER_EPOCH
    config.batch_size = 20
    network = {"hidden": [200, 200], "activation": "tanh"}
    config.model.name = "IWAE"
    config.model.num_samples = 50
    config.model.gradient_estimator = "standard"
    config.model.encoder = {"name": "DenseEncoder", **network}
    config.model.decoder = {"name": "DenseDecoder", **network}
    config.model.posterior.size = 50
    config.model.prior.size = 50
    config.data = {"name": "MNIST", "split": "train", "binarisation": "dynamic"}
    config.optimizer = {"name": "Adam", "epsilon": 1e-4, "learning_rate": stages()}
    config.evaluation.data = {"split": "test"}
    config.output_bias_from_data = True
    return config
