"""The engine: versions of models on disk, loaded, batched and run."""
