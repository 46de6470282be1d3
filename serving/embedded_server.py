"""The embedded server: loads and polls models, and serves them over gRPC and REST."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from serving.api import health
from serving.api.grpc_server import GrpcMethods
from serving.api.http_server import HttpApplication, HttpLimits, HttpServer
from serving.api.model_service import ModelService
from serving.api.prediction_service import PredictionService
from serving.api.rest import RestApi
from serving.config import config_files, config_pb2, model_config
from serving.config.batching_parameters import BatchingParameters
from serving.config.bearer_tokens import BearerTokens
from serving.config.model_config import ModelConfig
from serving.config.tls import Tls
from serving.engine.batching import Batcher
from serving.engine.model_manager import ModelManager
from serving.engine.poller import Poller
from serving.engine.session import SavedModelSession
from serving.engine.warmup import warm_up as run_warm_up
from serving.errors import ServingError
from serving.net.metrics import Metrics
from serving.net.overload import CountingPool

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelSettings:
    """How models are loaded and polled.

    Attributes:
        warm_up: Whether to run a version's warm-up requests before serving it.
        session_threads: Threads of a session; 0 lets TensorFlow choose.
        batching: How to combine requests into batches; None runs each request alone.
        poll_seconds: Seconds between checks for new versions; 0 or less disables polling.
        config_file: Path of the model_config_file; empty if there is none.
        config_poll_seconds: Seconds between checks of that file; 0 disables polling.
        allow_labels_for_unavailable: Whether labels may name versions that are not served.
    """

    warm_up: bool
    session_threads: int
    batching: BatchingParameters | None
    poll_seconds: float
    config_file: str
    config_poll_seconds: float
    allow_labels_for_unavailable: bool


@dataclass(frozen=True)
class RestSettings:
    """How to serve REST.

    Attributes:
        listener: Listening socket.
        tls: TLS settings; None serves plain text.
        tokens: Accepted bearer tokens; None accepts every request.
        limits: Limits on requests.
        timeout: Longest computation of a request, in seconds.
        metrics_path: Path of the metrics page; None disables it.
    """

    listener: socket.socket
    tls: Tls | None
    tokens: BearerTokens | None
    limits: HttpLimits
    timeout: float
    metrics_path: str | None


class EmbeddedServer:
    """Serves models over gRPC and REST.

    Attributes:
        models: The models.
    """

    def __init__(self, settings: ModelSettings):
        """Creates the server without models; `load`, then `start`."""
        self._settings = settings
        self._batcher = Batcher(settings.batching) if settings.batching else None
        self.models = ModelManager(self._load, settings.allow_labels_for_unavailable)
        self._metrics = Metrics(self.models.served_name)
        self._pollers = [Poller(self.models.poll, settings.poll_seconds, "version poller")]
        if settings.config_file:
            self._config = Path(settings.config_file).read_bytes()
            self._pollers.append(
                Poller(self._poll_config, settings.config_poll_seconds, "configuration poller")
            )
        self._grpc: grpc.Server | None = None
        self._health: health.health.HealthServicer | None = None
        self._http: HttpServer | None = None

    def _load(self, path: Path) -> SavedModelSession:
        session = SavedModelSession(path, self._settings.session_threads, self._batcher)
        if self._settings.warm_up:
            run_warm_up(session, path)
        return session

    def _poll_config(self) -> None:
        """Reloads the models if the configuration file changed."""
        text = Path(self._settings.config_file).read_bytes()
        if text == self._config:
            return
        self._config = text  # Set first, so that a mistake is logged only once.
        name = f"--model_config_file={self._settings.config_file}"
        try:
            config = config_files.parse(name, text, config_pb2.ModelServerConfig())
            self.models.reload(model_config.validated(config))
        except (config_files.ConfigError, ServingError) as error:
            _LOGGER.error("configuration not applied: %s", error)

    def load(self, configs: Sequence[ModelConfig]) -> None:
        """Loads the models.

        Raises:
            ServingError: No version of a model can be loaded.
        """
        self.models.reload(configs)

    def start(
        self,
        server: grpc.Server,
        pool: CountingPool,
        rest: RestSettings | None,
        *,
        with_health: bool,
        with_reflection: bool,
    ) -> None:
        """Starts to serve; returns at once.

        Args:
            server: gRPC server, bound to its port but not started.
            pool: Thread pool of `server`.
            rest: How to serve REST; None disables it.
            with_health: Whether to serve grpc.health.v1.
            with_reflection: Whether to serve gRPC reflection.
        """
        prediction_service = PredictionService(self.models)
        model_service = ModelService(self.models)
        methods = GrpcMethods(self._metrics)
        methods.add_services(server, prediction_service, model_service)
        self._metrics.watch_waiting("GRPC", lambda: pool.waiting)
        if with_health:
            self._health = health.add_health(server)
        if with_reflection:
            health.add_reflection(server)
        self._grpc = server
        server.start()
        if rest is not None:
            api = RestApi(prediction_service, model_service, rest.timeout, self._metrics)
            application = HttpApplication(
                api, rest.limits, rest.tokens, self._metrics, rest.metrics_path
            )
            context = rest.tls.context if rest.tls else None
            self._http = HttpServer(application, rest.listener, context)
        for poller in self._pollers:
            poller.start()

    def stop(self, drain_seconds: float) -> None:
        """Refuses new requests, finishes those in flight, and unloads the models.

        Args:
            drain_seconds: Longest time to wait for the requests in flight.
        """
        if self._health is not None:
            self._health.enter_graceful_shutdown()
        if self._http is not None:
            self._http.refuse_new(drain_seconds)
        if self._grpc is not None:
            self._grpc.stop(drain_seconds).wait()
        if self._http is not None:
            self._http.wait(drain_seconds)
        for poller in self._pollers:
            poller.stop()
        self.models.close()
