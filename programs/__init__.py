"""What every program of the package shares: quiet imports and --help."""
