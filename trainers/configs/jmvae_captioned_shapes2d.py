"""JMVAE on images of 2D Shapes and captions of them, such as "small heart, left, top".

The convolutional networks of the disentanglement papers; captions are encoded and decoded by
recurrent networks, and weigh more than pixels.
"""

from trainers.configs import default

CAPTION = {"length": 5, "vocabulary_size": 13}  # of `tfvae.data.CaptionedShapes2D`


def get_config():
    """Returns the config."""
    config = default.get_config()
    config.steps = 20_000
    config.batch_size = 64
    config.model = {
        "name": "JMVAE",
        "alpha": 0.1,
        "kl_warmup": {"name": "Linear", "start": 0.0, "end": 1.0, "steps": 5_000},
        "modalities": {
            "image": {
                "encoder": {"name": "ConvEncoder"},
                "decoder": {"name": "ConvDecoder"},
                "likelihood": {"name": "Bernoulli"},
            },
            "caption": {
                "encoder": {"name": "TokenEncoder", **CAPTION},
                "decoder": {"name": "DenseDecoder", "hidden": [64], "data_shape": [64]},
                "likelihood": {"name": "TokenSequence", **CAPTION},
                "weight": 10.0,
            },
        },
        "joint_encoder": {
            "encoders": {
                "image": {"name": "ConvEncoder", "outputs": 256},
                "caption": {"name": "TokenEncoder", "outputs": 64, **CAPTION},
            },
            "hidden": [256],
        },
        "posterior": {"name": "DiagonalNormal", "size": 10},
        "prior": {"name": "StandardNormal", "size": 10},
        "num_samples": 1,
    }
    config.data = {"name": "CaptionedShapes2D"}
    config.evaluation.data = {}
    return config
