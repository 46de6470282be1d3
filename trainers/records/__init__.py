"""Preparing TFRecords: the plan and the work."""
