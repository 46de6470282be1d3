"""What both clients are made of: where the model is, and how it is called."""

from __future__ import annotations

from . import address as addresses
from . import model_spec, security
from . import retries as retry_policy
from .grpc_transport import GrpcSettings
from .methods import Methods
from .rest_transport import RestSettings
from .security import Pem


class Connection:
    """What both clients are made of; sends nothing."""

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
        """Checks what it is given; nothing is sent yet.

        Args:
            address: `host:port` of the server's gRPC, or `http://host:port` (`https://`) of its
                REST API, which is slower and has no half precision.
            model: Name of the model.
            version: Version of the model; None is the latest.
            version_label: Label of a version, in place of its number.
            timeout: Seconds allowed for each request, its retries included.
            chunk_size: Most rows of one request.
            max_in_flight: Most requests of one call that the server has at a time.
            retries: How often a request that finds the server overloaded or away is sent again,
                with growing delays; 0 never, 4 at the most.
            ssl: Whether gRPC is encrypted; so it is where any of the following three is given.
            ssl_root_certificates: PEM, as a path or bytes, that the server's certificate must be
                of; None: of a public authority.
            ssl_client_certificate: PEM, as a path or bytes, where the server asks for one.
            ssl_client_key: Its key.
            bearer_token: Sent with every request.
            insecure: Sends the token in plain text to other machines too.

        Raises:
            ValueError: An argument is out of range, or one does not go with another.
            OSError: A certificate's file cannot be read.
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
        """Opens the connection, where it belongs to no event loop."""

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
