"""The interfaces of the server: gRPC services and the REST API."""
