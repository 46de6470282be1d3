"""The configuration files of the server: read and checked."""
