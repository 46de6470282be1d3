"""JMVAE on digits 1 and 2 placed left or right, after Suzuki et al. 2016 (arXiv:1611.01891).

An image x and its attributes y1 (position) and y2 (digit) in a latent space of two dimensions;
q(z|y1, y2) is a product of experts, so position and digit are trained as one subset. Attributes
weigh more than pixels, or one bit would be drowned by 1,568 of them.
"""

from trainers.configs import default

HIDDEN = {"hidden": [512, 512], "activation": "relu"}
ATTRIBUTE = {"hidden": [64], "activation": "relu"}


def modality(likelihood, hidden, weight=1.0):
    """Returns a modality of fully connected networks."""
    return {
        "encoder": {"name": "DenseEncoder", **hidden},
        "decoder": {"name": "DenseDecoder", **hidden},
        "likelihood": {"name": likelihood},
        "weight": weight,
    }


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 10_000
    config.batch_size = 100
    config.model = {
        "name": "JMVAE",
        "alpha": 1.0,
        "modalities": {
            "image": modality("Bernoulli", HIDDEN),
            "position": modality("OneHotCategorical", ATTRIBUTE, weight=10.0),
            "digit": modality("OneHotCategorical", ATTRIBUTE, weight=10.0),
        },
        "joint_encoder": {
            "encoders": {
                "image": {"name": "DenseEncoder", "outputs": 512, "hidden": [512]},
                "position": {"name": "DenseEncoder", "outputs": 64, "hidden": []},
                "digit": {"name": "DenseEncoder", "outputs": 64, "hidden": []},
            },
            "hidden": [512],
        },
        "subsets": [["image"], ["position", "digit"]],
        "posterior": {"name": "DiagonalNormal", "size": 2},
        "prior": {"name": "StandardNormal", "size": 2},
        "num_samples": 1,
    }
    config.data = {"name": "PairedMNIST", "split": "train", "digits": [1, 2]}
    config.optimizer.learning_rate = 1e-3
    config.evaluation.data = {"split": "test"}
    return config
