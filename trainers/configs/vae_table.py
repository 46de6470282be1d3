"""VAE on a Parquet or CSV table of a user's own: give --config.data.path.

Dense networks, z = 8, and a normal likelihood with one learned standard deviation, which is in
standard deviations of a column. All columns are read unless --config.data.columns names some; ten
per cent of the rows are kept for evaluation.
"""

from ml_collections import config_dict

from trainers.configs import default


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 20_000
    config.model.encoder = {"name": "DenseEncoder", "hidden": (128, 128)}
    config.model.decoder = {"name": "DenseDecoder", "hidden": (128, 128), "activation": "relu"}
    config.model.posterior.size = 8
    config.model.prior.size = 8
    config.model.likelihood = {"name": "Normal", "scale": "learned"}
    config.data = {
        "name": "Table",
        "path": "",
        "columns": config_dict.placeholder(tuple),
        "split": "train",
    }
    config.optimizer.learning_rate = 1e-3
    config.evaluation.data = {"split": "test"}
    return config
