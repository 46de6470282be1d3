"""The fields of every config, with the settings of the disentanglement papers on 2D Shapes."""

from ml_collections import ConfigDict, config_dict


def get_config() -> ConfigDict:
    """Returns a config of all fields: a VAE on 2D Shapes.

    `model`, `data` and `optimizer` name a class of `tfvae`, `tfvae.data` and `keras.optimizers`
    and hold its arguments. What follows from data and heads (numbers of outputs, shapes) may be
    left out.
    """
    config = ConfigDict()
    config.steps = 300_000
    config.batch_size = 64
    config.seed = 0
    config.log_every = 1000
    # Or "bfloat16" or "float16", of the networks; distributions stay float32.
    config.precision = "float32"
    config.model = ConfigDict(
        {
            "name": "VAE",
            "encoder": {"name": "ConvEncoder"},
            "decoder": {"name": "ConvDecoder"},
            "posterior": {"name": "DiagonalNormal", "size": 10},
            "likelihood": {"name": "Bernoulli"},
            "prior": {"name": "StandardNormal", "size": 10},
            "num_samples": 1,
        }
    )
    config.data = ConfigDict({"name": "Shapes2D"})
    # A gradient of a norm above clipnorm is scaled down to it; none is where it is None.
    config.optimizer = ConfigDict(
        {"name": "Adam", "learning_rate": 1e-4, "clipnorm": config_dict.placeholder(float)}
    )
    # Parts that a batch is taken in, one after another, where it does not fit into memory at once.
    config.accumulation = 1
    # Momentum of an exponential average of the weights, such as 0.999, which is evaluated and
    # exported in place of them; none is kept where 0.
    config.weight_averaging = 0.0
    # The fields of `data` that differ in evaluation, and how many examples are looked at during
    # training and by `trainers.evaluate` (all where 0).
    config.evaluation = ConfigDict({"data": {}, "examples_in_training": 1000, "examples": 10_000})
    # Whether the decoder's output bias starts at the logits of the data's mean.
    config.output_bias_from_data = False
    return config
