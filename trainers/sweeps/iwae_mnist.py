"""VAE and IWAE over k on dynamically binarised MNIST, one stochastic layer.

The table of Burda et al. 2016 (arXiv:1509.00519), stages 0 to 4 of the published 8: 121 of 3,280
epochs. With k = 1 both models are one.
"""

STEPS = 363_000


def get_sweep():
    """Returns the sweep."""
    common = {"config": "iwae_mnist", "steps": STEPS}
    return {
        "grids": [
            {**common, "model.name": ["IWAE"], "model.num_samples": [1, 5, 50]},
            {**common, "model.name": ["VAE"], "model.num_samples": [5, 50]},
        ],
        "metrics": ["active_units"],
        "num_samples": 5000,
        "rank_by": "log_likelihood",
        "figures": ["curves"],
    }
