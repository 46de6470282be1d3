"""IWAE with two stochastic layers on dynamically binarised MNIST: Burda et al. 2016.

arXiv:1509.00519, section 5: z_1 = 100 and z_2 = 50; two deterministic layers of 200 tanh units
between the data and z_1, two of 100 between z_1 and z_2, up and down. The rest is as in
`iwae_mnist.py`.
"""

from trainers.configs import iwae_mnist


def get_config():
    """Returns the config."""
    config = iwae_mnist.get_config()
    bottom, top = {"name": "DiagonalNormal", "size": 100}, {"name": "DiagonalNormal", "size": 50}
    between = {"name": "DenseEncoder", "hidden": [100, 100], "activation": "tanh"}
    config.model.posterior = {
        "name": "HierarchicalPosterior",
        "heads": [bottom, top],
        "networks": [{**between, "outputs": 2 * 50}],
    }
    config.model.prior = {
        "name": "HierarchicalPrior",
        "top": {"name": "StandardNormal", "size": 50},
        "heads": [bottom],
        "networks": [{**between, "outputs": 2 * 100}],
    }
    return config
