"""Training: the loop under `fit`, the global batch, checkpoints."""
