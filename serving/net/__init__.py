"""Sockets, limits on concurrent requests and metrics."""
