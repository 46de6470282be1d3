"""Digits placed left or right: JMVAE over a and the attributes' weight, with TELBO and MVAE.

Suzuki et al. 2016 (arXiv:1611.01891), Vedantam et al. 2018 (arXiv:1705.10762), Wu & Goodman 2018
(arXiv:1802.05335), on the same data with the same networks.
"""


def get_sweep():
    """Returns the sweep."""
    weights = "model.modalities.position.weight", "model.modalities.digit.weight"
    jmvae = {"config": "jmvae_paired_mnist"}
    return {
        "grids": [
            {**jmvae, "model.alpha": [0.1, 1, 10]},
            *({**jmvae, "model.alpha": [1], **{field: [w] for field in weights}} for w in (1, 100)),
            {"config": "telbo_paired_mnist"},
            {"config": "mvae_paired_mnist"},
        ],
        "num_samples": 1000,
    }
