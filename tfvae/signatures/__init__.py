"""Signatures of an export: their type, and PNG inputs and outputs."""
