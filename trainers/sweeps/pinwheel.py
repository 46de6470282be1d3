"""The (alpha, beta) decomposition on the pinwheel: beta varied at alpha 0, alpha varied at beta 1.

The second experiment of Mathieu et al. 2019 (arXiv:1812.02833); the values are chosen here.
"""


def get_sweep():
    """Returns the sweep."""
    config = {"config": "decomposition_pinwheel"}
    return {
        "grids": [
            {**config, "model.alpha": 0, "model.beta": [0.1, 1, 5, 20]},
            {**config, "model.alpha": [1, 5, 20], "model.beta": 1},
        ],
    }
