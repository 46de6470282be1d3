"""Score against reconstruction on 2D Shapes: beta-VAE and FactorVAE, the best and a second value.

Kim & Mnih 2018 (arXiv:1802.05983), figure 4, at 20,000 of its 300,000 steps.
"""


def get_sweep():
    """Returns the sweep."""
    common = {"steps": 20_000, "precision": "bfloat16", "seed": [0, 1]}
    return {
        "grids": [
            {"config": "beta_vae_shapes2d", "model.beta": [1, 4], **common},
            {"config": "factor_vae_shapes2d", "model.gamma": [10, 40], **common},
        ],
        "metrics": ["factor_vae"],
        "figures": ["tradeoff"],
    }
