"""Score over beta for three priors on 2D Shapes, alpha 0.

The first experiment of Mathieu et al. 2019 (arXiv:1812.02833), at 10,000 of its 230,400 steps.
"""


def get_sweep():
    """Returns the sweep."""
    return {
        "grids": [
            {
                "config": "decomposition_shapes2d",
                "model.prior.name": ["StandardNormal", "AnisotropicNormal", "StudentT"],
                "model.beta": [1, 4, 8],
                "steps": 10_000,
                "precision": "bfloat16",
                "seed": 0,
            }
        ],
        "metrics": ["factor_vae"],
        "figures": ["curves"],
    }
