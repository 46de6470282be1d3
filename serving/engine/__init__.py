"""The engine: finds, loads, batches and runs the versions of models."""
