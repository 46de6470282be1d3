"""The programs: train, evaluate, plot, export. Thin; the work is in `tfvae`."""
