"""The fields of every config, with the settings of the disentanglement papers on 2D Shapes."""

from ml_collections import ConfigDict, config_dict


def get_config() -> ConfigDict:
    """Returns a config of all fields: a VAE on 2D Shapes.

    `model`, `data` and `optimizer` have the name of a class of `tfvae`, `tfvae.data` and
    `keras.optimizers`, and its arguments. A class of your own - data set, network, head, prior or
    model - is "module.Class", the module being a file beside the config or installed. Sizes that
    follow from data and heads (numbers of outputs, shapes) may be left out.
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
    # Gradients are scaled down to a norm of clipnorm; None disables clipping.
    config.optimizer = ConfigDict(
        {"name": "Adam", "learning_rate": 1e-4, "clipnorm": config_dict.placeholder(float)}
    )
    # Number of parts that a batch is split into, one after another, to save memory.
    config.accumulation = 1
    # Momentum of an exponential average of the weights, such as 0.999, to evaluate and export in
    # place of them; 0: no average.
    config.weight_averaging = 0.0
    # The fields of `data` that differ in evaluation, and the number of examples to evaluate during
    # training (0: none) and by `trainers.evaluate` (0: all).
    config.evaluation = ConfigDict({"data": {}, "examples_in_training": 1000, "examples": 10_000})
    # Whether the decoder's output bias starts at the logits of the data's mean.
    config.output_bias_from_data = False
    return config
