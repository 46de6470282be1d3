"""Sweeps: the grid of runs, child processes, the table of results and its figures."""
