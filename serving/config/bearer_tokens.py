"""Bearer tokens: requests need the header `authorization: Bearer TOKEN`, over gRPC and REST."""

from __future__ import annotations

import hmac
from pathlib import Path

import grpc

from serving.config.config_files import ConfigError

MESSAGE = "the request has no valid token; send the header authorization: Bearer TOKEN"
# Health probes send no token, and learn only that the server is up.
_OPEN = "/grpc.health.v1.Health/"


class BearerTokens:
    """The accepted tokens."""

    def __init__(self, path: str):
        """Reads the tokens from a file.

        Args:
            path: File with one token per line. Empty lines and lines that begin with # are skipped.

        Raises:
            ConfigError: The file cannot be read, or has no token.
        """
        flag = f"--bearer_token_file={path}"
        try:
            lines = Path(path).read_text(encoding="ascii").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{flag} cannot be read: {error}") from error
        tokens = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not tokens:
            raise ConfigError(f"{flag} has no token; write one per line")
        self._headers = [f"Bearer {token}".encode() for token in tokens]

    def accept(self, header: bytes) -> bool:
        """Returns whether the value of an `authorization` header has one of the tokens."""
        # Compares with every token in constant time, so that the time reveals nothing.
        return sum(hmac.compare_digest(header, known) for known in self._headers) > 0


class TokenInterceptor(grpc.ServerInterceptor):
    """Refuses gRPC requests without a valid token: UNAUTHENTICATED."""

    def __init__(self, tokens: BearerTokens):
        self._tokens = tokens
        self._refuse = grpc.unary_unary_rpc_method_handler(
            lambda request, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, MESSAGE)
        )

    def intercept_service(self, continuation, handler_call_details):
        """Passes a request on, or refuses it."""
        headers = dict(handler_call_details.invocation_metadata)
        header = headers.get("authorization", "").encode("latin-1", "replace")
        if self._tokens.accept(header) or handler_call_details.method.startswith(_OPEN):
            return continuation(handler_call_details)
        return self._refuse
