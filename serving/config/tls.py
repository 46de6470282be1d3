"""Reads and checks the stock server's ssl_config_file: TLS for gRPC and REST."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass

import grpc

from serving.client.security import load_pair
from serving.config import config_files, config_pb2
from serving.config.config_files import ConfigError


@dataclass(frozen=True)
class Tls:
    """TLS settings of both servers.

    Attributes:
        credentials: Settings for gRPC.
        context: Settings for REST.
    """

    credentials: grpc.ServerCredentials
    context: ssl.SSLContext


def read(path: str) -> Tls:
    """Reads an ssl_config_file.

    Raises:
        ConfigError: The file cannot be parsed, a certificate is invalid, or key and certificate do
            not match.
    """
    name = f"--ssl_config_file={path}"
    config = config_files.read("ssl_config_file", path, config_pb2.SSLConfig())
    for field in ("server_key", "server_cert", "custom_ca"):
        value = getattr(config, field)
        if not value and field != "custom_ca":
            raise ConfigError(f"{name} has no {field}; give the PEM text itself")
        if value and "-----BEGIN" not in value:
            raise ConfigError(f"{name}: {field} is not PEM text; give the text itself, not a path")
    if config.client_verify and not config.custom_ca:
        raise ConfigError(f"{name}: client_verify needs custom_ca, the clients' authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        load_pair(context, config.server_cert.encode(), config.server_key.encode())
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"{name}: server_cert and server_key do not match: {error}") from error
    if config.client_verify:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(cadata=config.custom_ca)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(f"{name}: custom_ca is not a certificate: {error}") from error
    credentials = grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() if config.client_verify else None,
        require_client_auth=config.client_verify,
    )
    return Tls(credentials, context)


def check_plain_text(host: str, tls: Tls | None, insecure: bool) -> None:
    """Checks that plain text is not served to other machines by mistake.

    Args:
        host: Address to listen on.
        tls: TLS settings; None serves plain text.
        insecure: Whether plain text is allowed on any address.

    Raises:
        ConfigError: Plain text on an address other than loopback, without `insecure`.
    """
    if tls is None and not insecure and not _is_loopback(host):
        raise ConfigError(
            f"--host={host} would serve plain text to other machines; give --ssl_config_file, or "
            "--insecure if something else protects the connection"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
