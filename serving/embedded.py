"""The embedded engine: models, their polling, and both servers over them."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import grpc
import uvicorn

from serving import grpc_server
from serving.model_service import ModelService
from serving.models import Models, Poller
from serving.prediction_service import PredictionService
from serving.rest import RestApi
from serving.servables import Servables
from serving.session import SavedModelSession
from serving.warmup import warm_up as run_warm_up


class NothingLoaded(Exception):
    """No version of the model could be loaded; says why for each."""


class Embedded:
    """One model, served."""

    def __init__(
        self,
        name: str,
        base_path: Path,
        *,
        warm_up: bool,
        session_threads: int,
        poll_seconds: float,
    ):
        """Prepares to serve.

        Args:
            name: Name of the model.
            base_path: Directory of its versions.
            warm_up: Whether a version's warm-up requests run before it is served.
            session_threads: Threads of a session; 0 lets TensorFlow choose.
            poll_seconds: Seconds between looks for a new version.
        """
        self._model = Servables(name, base_path, self._load)
        self._models = Models([self._model])
        self._poller = Poller(self._models, poll_seconds)
        self._warm_up = warm_up
        self._session_threads = session_threads
        self._grpc: grpc.Server | None = None
        self._rest: uvicorn.Server | None = None
        self._rest_thread: threading.Thread | None = None

    def _load(self, path: Path) -> SavedModelSession:
        session = SavedModelSession(path, self._session_threads)
        if self._warm_up:
            run_warm_up(session, path)
        return session

    def load(self) -> int:
        """Loads the latest version that loads.

        Returns:
            Its number.

        Raises:
            NothingLoaded: There is none.
        """
        self._model.poll()
        available = self._model.available()
        if not available:
            reasons = [f"version {v.number}: {v.error}" for v in self._model.versions()]
            raise NothingLoaded(
                f"no version of {self._model.base_path} could be loaded: " + "; ".join(reasons)
            )
        return available[-1].number

    def start(
        self,
        server: grpc.Server,
        rest_socket: socket.socket | None,
        rest_timeout_in_ms: int,
        rest_threads: int,
    ) -> None:
        """Answers requests until `stop`.

        Args:
            server: Bound to its port.
            rest_socket: Listening; None for no REST.
            rest_timeout_in_ms: Milliseconds a REST request may compute.
            rest_threads: REST requests that run at once.
        """
        prediction_service, model_service = (
            PredictionService(self._models),
            ModelService(self._models),
        )
        grpc_server.add_services(server, prediction_service, model_service)
        self._grpc = server
        server.start()
        self._poller.start()
        if rest_socket is None:
            return
        api = RestApi(
            self._models, prediction_service, model_service, rest_timeout_in_ms / 1000, rest_threads
        )
        config = uvicorn.Config(
            api, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
        )
        self._rest = uvicorn.Server(config)
        self._rest_thread = threading.Thread(
            target=self._rest.run, kwargs={"sockets": [rest_socket]}, name="rest", daemon=True
        )
        self._rest_thread.start()

    def stop(self, drain_seconds: float) -> None:
        """Takes no more requests, lets those in flight finish, and unloads.

        Args:
            drain_seconds: The longest to wait for the requests in flight.
        """
        if self._rest is not None:
            self._rest.config.timeout_graceful_shutdown = int(drain_seconds)
            self._rest.should_exit = True
        if self._grpc is not None:
            self._grpc.stop(drain_seconds).wait()
        if self._rest_thread is not None:
            self._rest_thread.join(drain_seconds)
        self._poller.stop()
        self._model.close()
