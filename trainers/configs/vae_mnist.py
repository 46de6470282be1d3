"""VAE on dynamically binarised MNIST: the one-layer network of Burda et al. 2016.

arXiv:1509.00519, section 5: z = 50, two deterministic layers of 200 tanh units on each side,
batch 20, Adam (eps 1e-4) at 1e-3 for the first stage, output bias at the logits of the training
mean. 20 epochs of the 60,000 training digits; evaluation on the 10,000 test digits.
"""

from trainers.configs import default

EPOCHS = 20
STEPS_PER_EPOCH = 3000


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = EPOCHS * STEPS_PER_EPOCH
    config.log_every = STEPS_PER_EPOCH
    config.batch_size = 20
    network = {"hidden": [200, 200], "activation": "tanh"}
    config.model.encoder = {"name": "DenseEncoder", **network}
    config.model.decoder = {"name": "DenseDecoder", **network}
    config.model.posterior.size = 50
    config.model.prior.size = 50
    config.data = {"name": "MNIST", "split": "train", "binarisation": "dynamic"}
    config.optimizer.learning_rate = 1e-3
    config.optimizer.epsilon = 1e-4
    config.evaluation.data = {"split": "test"}
    config.output_bias_from_data = True
    return config
