"""What the server is configured by: its files and their checks."""
