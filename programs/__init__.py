"""What every program of the package shares: quiet imports, --help and Ctrl-C."""
