"""Batch encoding on Apache Beam (the extra `batch`): `python -m serving.batch`."""
