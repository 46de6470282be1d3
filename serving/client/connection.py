"""The base of both clients: checks and stores the settings."""

from __future__ import annotations

from . import address as addresses
from . import model_spec, security
from . import retries as retry_policy
from .grpc_transport import GrpcSettings
from .methods import Methods
from .rest_transport import RestSettings
from .security import Pem


class Connection:
    """The settings of a client; sends nothing."""

    def __init__(
        self,
        address: str,
        model: str,
        *,
        version: int | None = None,
        version_label: str | None = None,
        timeout: float = 60.0,
        chunk_size: int = 256,
        max_in_flight: int = 4,
        retries: int = 4,
        ssl: bool = False,
        ssl_root_certificates: Pem | None = None,
        ssl_client_certificate: Pem | None = None,
        ssl_client_key: Pem | None = None,
        bearer_token: str | None = None,
        insecure: bool = False,
    ):
        """Checks the settings; nothing is sent yet.

        Args:
            address: `host:port` for gRPC, or `http://host:port` (`https://`) for the REST API,
                which is slower and has no half precision.
            model: Name of the model.
            version: Version of the model; None selects the latest.
            version_label: Label of a version, instead of its number.
            timeout: Seconds allowed for each request, including its retries.
            chunk_size: Maximum rows of one request.
            max_in_flight: Maximum number of concurrent requests of one call.
            retries: How often a request is sent again if the server is overloaded or unreachable,
                with growing delays; from 0 to 4.
            ssl: Whether gRPC uses TLS; implied by each of the following three.
            ssl_root_certificates: Authorities of the server's certificate in PEM, as a path or
                bytes; None accepts the public authorities.
            ssl_client_certificate: Certificate of the client in PEM, as a path or bytes.
            ssl_client_key: Key of the client's certificate in PEM, as a path or bytes.
            bearer_token: Token to send with every request.
            insecure: Whether the token may be sent to other machines in plain text.

        Raises:
            ValueError: An argument is out of range, or two arguments contradict each other.
            OSError: A certificate file cannot be read.
        """
        _check_numbers(timeout, chunk_size, max_in_flight, retries)
        self._address = addresses.parse(address)
        self._model = model_spec.make(model, version, version_label)
        self._security = security.secure(
            self._address,
            ssl,
            ssl_root_certificates,
            ssl_client_certificate,
            ssl_client_key,
            bearer_token,
            insecure,
        )
        self._timeout = timeout
        self._retries = retries
        self._max_in_flight = max_in_flight
        self._methods = Methods(model, chunk_size)
        self._open()

    def _open(self) -> None:
        """Opens the connection, if it needs no event loop."""

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def _grpc(self) -> GrpcSettings:
        return GrpcSettings(
            self._address, self._model, self._security, self._timeout, self._retries
        )

    @property
    def _rest(self) -> RestSettings:
        return RestSettings(*self._grpc, self._max_in_flight)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address.text!r}, model={self._model.name!r})"


def _check_numbers(timeout: float, chunk_size: int, max_in_flight: int, retries: int) -> None:
    if not timeout > 0:
        raise ValueError(f"timeout={timeout} must be above 0 seconds")
    for name, value in (("chunk_size", chunk_size), ("max_in_flight", max_in_flight)):
        if value < 1:
            raise ValueError(f"{name}={value} must be at least 1")
    retry_policy.check(retries)
