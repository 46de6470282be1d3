"""Configs: one published experiment per file."""
