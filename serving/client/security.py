"""TLS and tokens, which authenticate server and client."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from .address import Address

Pem = str | os.PathLike | bytes


@dataclass(frozen=True)
class Security:
    """Security settings of a connection.

    Attributes:
        tls: Whether the connection is encrypted.
        root_certificates: Authorities of the server's certificate in PEM; None accepts the public
            authorities.
        client_certificate: Certificate of the client in PEM; None sends none.
        client_key: Key of the client's certificate in PEM.
        bearer_token: Token to send with every request; None sends none.
    """

    tls: bool
    root_certificates: bytes | None = None
    client_certificate: bytes | None = None
    client_key: bytes | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)

    @property
    def authorization(self) -> dict[str, str]:
        """HTTP header or gRPC metadata with the token; empty if there is none."""
        return {"authorization": f"Bearer {self.bearer_token}"} if self.bearer_token else {}

    @property
    def credentials(self) -> grpc.ChannelCredentials | None:
        """Channel credentials for gRPC; None for plain text."""
        if not self.tls:
            return None
        return grpc.ssl_channel_credentials(
            self.root_certificates, self.client_key, self.client_certificate
        )

    def context(self) -> ssl.SSLContext:
        """Returns the TLS context for the REST API.

        Raises:
            ValueError: A certificate is invalid or does not match its key.
        """
        try:
            roots = self.root_certificates
            context = ssl.create_default_context(cadata=roots.decode("ascii") if roots else None)
        except (ssl.SSLError, ValueError) as error:
            raise ValueError(f"ssl_root_certificates has no certificate: {error}") from error
        if self.client_certificate is None or self.client_key is None:
            return context
        try:
            load_pair(context, self.client_certificate, self.client_key)
        except (ssl.SSLError, ValueError) as error:
            raise ValueError(
                f"ssl_client_certificate and ssl_client_key do not match: {error}"
            ) from error
        return context


def load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Loads a certificate and its key in PEM; `ssl` reads only files.

    Raises:
        ssl.SSLError: They do not match, or one of them is invalid.
        ValueError: The key is encrypted.
    """
    with tempfile.TemporaryDirectory() as folder:  # Readable by this user alone.
        certificate_file, key_file = Path(folder, "certificate"), Path(folder, "key")
        certificate_file.write_bytes(certificate)
        key_file.write_bytes(key)
        # An encrypted key is an error; without a password here `ssl` would prompt for one.
        context.load_cert_chain(certificate_file, key_file, password="")


def secure(
    address: Address,
    use_ssl: bool,
    root_certificates: Pem | None,
    client_certificate: Pem | None,
    client_key: Pem | None,
    bearer_token: str | None,
    insecure: bool,
) -> Security:
    """Reads and checks the security settings of a connection to `address`.

    Raises:
        ValueError: A certificate or token is invalid, or the token would be sent in plain text.
        OSError: A file cannot be read.
    """
    roots = _read("ssl_root_certificates", root_certificates)
    certificate = _read("ssl_client_certificate", client_certificate)
    key = _read("ssl_client_key", client_key)
    if (client_certificate is None) != (client_key is None):
        raise ValueError("give both ssl_client_certificate and ssl_client_key, or neither")
    wants_tls = use_ssl or roots is not None or certificate is not None
    if wants_tls and address.scheme == "http":
        raise ValueError(f"address={address.text!r} is plain text; for TLS begin with https://")
    tls = wants_tls or address.scheme == "https"
    if bearer_token is not None:
        _check_token(bearer_token, address, tls or insecure)
    return Security(tls, roots, certificate, key, bearer_token)


def read_token(path: str) -> str:
    """Returns the first token of a file such as the server's --bearer_token_file.

    Raises:
        ValueError: The file has no token.
        OSError: The file cannot be read.
    """
    lines = (line.strip() for line in Path(path).read_text().splitlines())
    token = next((line for line in lines if line and not line.startswith("#")), None)
    if token is None:
        raise ValueError(f"--bearer_token_file={path} has no token; write one on a line")
    return token


def _read(name: str, pem: Pem | None) -> bytes | None:
    if pem is None:
        return None
    content = pem if isinstance(pem, bytes) else Path(pem).read_bytes()
    if b"-----BEGIN" not in content:
        what = "the bytes" if isinstance(pem, bytes) else repr(os.fspath(pem))
        raise ValueError(f"{name}: {what} is not PEM text; give a path, or the text as bytes")
    return content


def _check_token(token: str, address: Address, allowed: bool) -> None:
    if not token.isascii() or not token.isprintable() or token != token.strip() or not token:
        raise ValueError("bearer_token must be printable ASCII without surrounding blanks")
    if not allowed and not address.is_loopback:
        raise ValueError(
            f"bearer_token would go to address={address.text!r} in plain text, where others can "
            "read it; use TLS (ssl=True, or https://), or insecure=True if something else protects "
            "the connection"
        )
