r"""Moves a label of a running server to another version (blue/green) without losing a request.

  python -m serving.deploy.switch --models_config=deploy/shapes/config/models.config \
      --server=localhost:8500 --label=stable --version=2

The server loads the version beside the current ones; when it is available, the label moves, and
versions without a label are unloaded. Each step rewrites --models_config, so that servers that poll
it or start later serve the same. If the version does not load, the old configuration is restored.
To go back, run the same command with the previous version. --label=canary starts a canary,
--version=-1 ends it. The --ssl_ and token flags work as in `python -m serving.client`.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from programs import interrupts  # noqa: F401  # first: Ctrl-C while the others are imported

# isort: split
import grpc
from absl import flags

from programs import program
from programs.quiet import quiet_import
from serving.client import address as addresses
from serving.client import security as client_security
from serving.config import config_files, config_pb2
from serving.config.config_files import ConfigError
from serving.deploy import models_config
from serving.deploy.exported_model import DeployError
from storage import atomic

_MODELS_CONFIG = flags.DEFINE_string("models_config", "", "The server's models.config. Required.")
_SERVER = flags.DEFINE_string("server", "localhost:8500", "gRPC address of the server.")
_SSL = flags.DEFINE_bool("ssl", False, "Use TLS; implied by any --ssl_ flag.")
_ROOTS = flags.DEFINE_string(
    "ssl_root_certificates",
    None,
    "Authorities of the server's certificate, in PEM; default: public ones.",
)
_CERTIFICATE = flags.DEFINE_string(
    "ssl_client_certificate", None, "The client's certificate, in PEM."
)
_KEY = flags.DEFINE_string("ssl_client_key", None, "The certificate's key, in PEM.")
_TOKEN_FILE = flags.DEFINE_string("bearer_token_file", None, "File; its first line is the token.")
_INSECURE = flags.DEFINE_bool("insecure", False, "Send the token in plain text.")
_LABEL = flags.DEFINE_string("label", "stable", "Label to move or create.")
_VERSION = flags.DEFINE_integer(
    "version", None, "Version to move the label to; -1 removes the label. Required.", -1
)
_TIMEOUT = flags.DEFINE_float("timeout_seconds", 300, "Time limit for loading the version.", 0)
_POLL_SECONDS = 0.2
_SECONDS_TO_FIND = 10  # By default a server polls the base path every second.


def main(argv: Sequence[str]) -> int:
    """Moves the label; returns the exit code."""
    try:
        _run(argv[1:])
    except (DeployError, ConfigError, OSError, ValueError) as error:
        print(f"serving.deploy.switch: {error}", file=sys.stderr)
    except grpc.RpcError as error:
        print(
            f"serving.deploy.switch: --server={_SERVER.value}: {error.code().name}: "
            f"{error.details()}; the labels have not moved",
            file=sys.stderr,
        )
    else:
        return 0
    return 1


def _run(arguments: Sequence[str]) -> None:
    if arguments or not _MODELS_CONFIG.value or _VERSION.value is None:
        raise DeployError("give --models_config=FILE --version=NUMBER and no arguments; see --help")
    path = Path(_MODELS_CONFIG.value)
    config = config_files.read("models_config", str(path), config_pb2.ModelServerConfig())
    models = config.model_config_list.config
    if len(models) != 1:
        raise DeployError(f"--models_config={path} has {len(models)} models; it must have one")
    (model,) = models
    before = dict(model.version_labels)
    after = {**before, _LABEL.value: _VERSION.value}
    if _VERSION.value < 0:
        after = {label: number for label, number in before.items() if label != _LABEL.value}
    if not after:
        raise DeployError(f"{_LABEL.value} is the only label of {model.name}; move it instead")
    security = _security()
    with quiet_import():
        from serving.deploy.running_server import RunningServer  # noqa: PLC0415
    with RunningServer(_SERVER.value, security) as server:
        try:
            _serve(server, path, config, before, also=after)
            if _VERSION.value >= 0:
                _wait(server, model.name, _VERSION.value, time.monotonic() + _TIMEOUT.value)
            _serve(server, path, config, after, also=before)  # Before versions unload.
            _serve(server, path, config, after)
        except (DeployError, grpc.RpcError):
            with contextlib.suppress(grpc.RpcError):  # The first error is raised below.
                _serve(server, path, config, before)
            raise
    named = ", ".join(f"{label} is version {number}" for label, number in sorted(after.items()))
    print(f"{model.name}: {named}; wrote {path}")


def _security() -> client_security.Security:
    address = addresses.parse(_SERVER.value)
    if address.scheme != "grpc":
        raise DeployError(f"--server={_SERVER.value} must be host:port of the server's gRPC")
    token = client_security.read_token(_TOKEN_FILE.value) if _TOKEN_FILE.value else None
    return client_security.secure(
        address, _SSL.value, _ROOTS.value, _CERTIFICATE.value, _KEY.value, token, _INSECURE.value
    )


def _serve(
    server,
    path: Path,
    config: config_pb2.ModelServerConfig,
    labels: Mapping[str, int],
    also: Mapping[str, int] | None = None,
) -> None:
    """Serves the versions in `labels` and `also`, and writes the configuration to the file."""
    models_config.label(config.model_config_list.config[0], labels, tuple((also or {}).values()))
    atomic.write_text(path, models_config.text(config))
    server.reload(config)


def _wait(server, name: str, version: int, end: float) -> None:
    found_by = min(end, time.monotonic() + _SECONDS_TO_FIND)
    while True:
        state, error = server.state(name, version)
        if state == "AVAILABLE":
            return
        if error:
            raise DeployError(f"version {version} of {name} does not load: {error}")
        if not state and time.monotonic() > found_by:
            raise DeployError(f"version {version} of {name} is not in the base path of the server")
        if time.monotonic() > end:
            raise DeployError(
                f"version {version} of {name} is {state} after {_TIMEOUT.value:g} s; raise "
                "--timeout_seconds, or look at the server's log"
            )
        time.sleep(_POLL_SECONDS)


def run() -> None:
    """Runs the program."""
    program.run(main)


if __name__ == "__main__":
    run()
