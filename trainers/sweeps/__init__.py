"""Sweeps: one comparison per file, run by `trainers.sweep`."""
