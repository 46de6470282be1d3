"""The workers of a distributed job: who they are, and whether they agree."""
