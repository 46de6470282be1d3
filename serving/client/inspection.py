"""Client methods that inspect a model, as generators of calls (see `calls`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import grpc

from . import tensors
from .calls import CallGenerator, GetSignatures, GetStatus, Sleep
from .signature_selection import Selection
from .signature_specs import Signatures, TensorSpec

_POLL_SECONDS = 0.1
# Errors of a server that may serve the model later.
_MAY_COME = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


class Inspection:
    """Fetches the versions and signatures of a model, and keeps the signatures."""

    def __init__(self, model: str):
        """Fetches nothing yet.

        Args:
            model: Name of the model, for error messages.
        """
        self._model = model
        self._signatures: Signatures | None = None

    def wait_ready(self, timeout: float = 60.0) -> CallGenerator[int]:
        """Waits until the server serves the model.

        Args:
            timeout: Seconds to wait.

        Returns:
            The version served.

        Raises:
            TimeoutError: The model is not served in time; the message has the last answer.
            grpc.RpcError: Waiting cannot resolve the error, for example UNAUTHENTICATED.
        """
        end = time.monotonic() + timeout
        answer = ""
        while True:
            left = max(end - time.monotonic(), 0.001)
            try:
                (versions,) = yield [GetStatus(wait=left)]
                available = [n for n, (state, _) in versions.items() if state == "AVAILABLE"]
                if available:
                    return max(available)
                answer = f"no version is available: {_describe_versions(versions)}"
            except grpc.RpcError as error:
                if code_of(error) not in _MAY_COME:
                    raise
                # The last attempt may be too short to get an informative answer.
                if not answer or code_of(error) is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    answer = describe(error)
            if time.monotonic() + _POLL_SECONDS >= end:
                raise TimeoutError(
                    f"model {self._model!r} is not served after {timeout:g} s; {answer}"
                )
            yield [Sleep(_POLL_SECONDS)]

    def status(self) -> CallGenerator[dict[int, tuple[str, str]]]:
        """Fetches the states of the model's versions.

        Returns:
            Version to (state, error message); the states are TensorFlow Serving's: START, LOADING,
            AVAILABLE, UNLOADING and END.
        """
        (versions,) = yield [GetStatus()]
        return dict(sorted(versions.items()))

    def metadata(
        self,
    ) -> CallGenerator[dict[str, dict[str, dict[str, tuple[str, tuple[int, ...] | None]]]]]:
        """Fetches the model's signatures.

        Returns:
            Signature name to `inputs` and `outputs`; each maps names to (dtype, shape), where -1 is
            a dimension of any size, and a shape of None is any rank.
        """

        def described(specs: Mapping[str, TensorSpec]):
            return {
                name: (tensors.data_type_name(spec.data_type), spec.shape)
                for name, spec in sorted(specs.items())
            }

        signatures = yield from self._fetch_signatures()
        return {
            name: {"inputs": described(one.inputs), "outputs": described(one.outputs)}
            for name, one in sorted(signatures.items())
        }

    def _fetch_signatures(self) -> CallGenerator[Signatures]:
        (self._signatures,) = yield [GetSignatures()]
        return self._signatures

    def _chosen(self, choose: Callable[[Signatures], Selection]) -> CallGenerator[Selection]:
        if self._signatures is not None:
            try:
                return choose(self._signatures)
            except ValueError:
                pass  # A newer version of the model may have it.
        signatures = yield from self._fetch_signatures()
        try:
            return choose(signatures)
        except ValueError as error:
            raise ValueError(f"model {self._model!r}: {error}") from None


def code_of(error: grpc.RpcError) -> grpc.StatusCode | None:
    """Returns the error's code; None if it has none."""
    return error.code() if hasattr(error, "code") else None


def describe(error: grpc.RpcError) -> str:
    """Returns the error in one line."""
    code = code_of(error)
    if code is None:
        return str(error)
    return f"{code.name}: {' '.join(str(error.details()).split())}"


def _describe_versions(versions: Mapping[int, tuple[str, str]]) -> str:
    listed = (f"{n} is {state} {message}".strip() for n, (state, message) in versions.items())
    return "; ".join(listed) or "there is none"
