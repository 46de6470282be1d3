"""The programs train, evaluate, plot, export, sweep, prepare and launch, and what they run on."""
