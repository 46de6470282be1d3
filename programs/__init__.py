"""Shared code of the programs: quiet imports, --help and Ctrl-C."""
