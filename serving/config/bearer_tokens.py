"""Tokens that a request must carry: `authorization: Bearer TOKEN`, over gRPC and REST."""

from __future__ import annotations

import hmac
from pathlib import Path

import grpc

from serving.config.config_files import ConfigError

MESSAGE = "the request carries no valid token; send the header authorization: Bearer TOKEN"
# A probe carries no token, and tells nothing but that the server is there.
_OPEN = "/grpc.health.v1.Health/"


class BearerTokens:
    """The tokens of a file, one a line."""

    def __init__(self, path: str):
        """Reads them.

        Args:
            path: The file; lines that are empty or begin with # are left out.

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
            raise ConfigError(f"{flag} has no token; write one on a line")
        self._headers = [f"Bearer {token}".encode() for token in tokens]

    def accept(self, header: bytes) -> bool:
        """Whether the value of an `authorization` header has one of the tokens."""
        # All are compared, and in constant time: how long it takes tells nothing.
        return sum(hmac.compare_digest(header, known) for known in self._headers) > 0


class TokenInterceptor(grpc.ServerInterceptor):
    """Refuses gRPC requests without a token with UNAUTHENTICATED."""

    def __init__(self, tokens: BearerTokens):
        self._tokens = tokens
        self._refuse = grpc.unary_unary_rpc_method_handler(
            lambda request, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, MESSAGE)
        )

    def intercept_service(self, continuation, handler_call_details):
        """Lets a request pass, or not."""
        headers = dict(handler_call_details.invocation_metadata)
        header = headers.get("authorization", "").encode("latin-1", "replace")
        if self._tokens.accept(header) or handler_call_details.method.startswith(_OPEN):
            return continuation(handler_call_details)
        return self._refuse
