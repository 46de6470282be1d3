"""Run directories: configs, evaluations, and models loaded from them."""
