"""The workers of a distributed job: their list, and a check that they agree."""
