"""Files that run the stock server on an export: `python -m serving.deploy`."""
