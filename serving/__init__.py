"""Serving SavedModels: `serving.server` is the program, `serving.client` the Python client."""
