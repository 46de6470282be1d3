"""Run directories: the config they belong to, and what is loaded back from them."""

import json
import os
import pathlib
from typing import Any

from ml_collections import ConfigDict

import tfvae
from tfvae.training import averaging
from tfvae.training.checkpoints import Checkpoints
from trainers.configs.default import get_config
from trainers.runs.construct import build_data, build_model

CONFIG_FILE = "config.json"
RESULTS_FILE = "results.json"
JIT_FILE = "jit.json"  # whether the run's steps are compiled by XLA
# Fields that a resumed run may change: they lengthen or watch it, and change no step.
RESUMABLE = ("steps", "evaluation")
# Fields that runs of older versions lack, and what those did.
ADDED = {"accumulation": 1, "weight_averaging": 0.0}


class RunError(Exception):
    """A run directory cannot be used as asked."""


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes `path` as a whole: beside, then renamed."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(partial, path)


def claim(workdir: str | pathlib.Path, config: ConfigDict, write: bool = True) -> pathlib.Path:
    """Makes `workdir` the directory of `config` (if `write`), or checks that it is already.

    A directory without a checkpoint belongs to none: a mistake that ended a run before its first
    one may be mended.

    Raises:
        RunError: where it belongs to another config, with the fields that differ.
    """
    directory = pathlib.Path(workdir)
    path = directory / CONFIG_FILE
    asked = json.loads(config.to_json())
    if path.exists() and any((directory / "checkpoints").glob("ckpt-*")):
        held = {**ADDED, **json.loads(path.read_text())}
        lines = [
            f"  {field}: {held_value!r} there, {asked_value!r} asked"
            for field, held_value, asked_value in differences(held, asked)
            if field.split(".")[0] not in RESUMABLE
        ]
        if lines:
            raise RunError(
                f"workdir {directory} belongs to another config:\n"
                + "\n".join(lines)
                + "\nGive another --workdir, or the config it belongs to"
            )
    if not write:
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_json(path, asked)
    except OSError as error:
        raise RunError(f"workdir {directory} cannot be written: {error}") from error
    return directory


def differences(held, asked, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Returns the fields that differ, such as "model.beta", with both values."""
    missing = "nothing"
    if not (isinstance(held, dict) and isinstance(asked, dict)):
        return [] if held == asked else [(prefix, held, asked)]
    found = []
    for key in sorted(held.keys() | asked.keys()):
        field = f"{prefix}.{key}" if prefix else key
        found += differences(held.get(key, missing), asked.get(key, missing), field)
    return found


def load_config(workdir: str | pathlib.Path) -> ConfigDict:
    """Returns the config of a run.

    Raises:
        RunError: where `workdir` is no run directory.
    """
    path = pathlib.Path(workdir) / CONFIG_FILE
    if not path.exists():
        raise RunError(f"workdir {workdir} holds no {CONFIG_FILE}; train into it first")
    config = ConfigDict({**ADDED, **json.loads(path.read_text())})
    missing = [field for field in get_config() if field not in config]
    if missing:
        raise RunError(
            f"{path} lacks {', '.join(missing)}: another version of tfvae made it; train again, "
            "or add the field"
        )
    return config


def load(
    workdir: str | pathlib.Path, precision: str | None = None
) -> tuple[tfvae.VAE, tfvae.data.Dataset, ConfigDict]:
    """Returns the newest model of a run, its evaluation data and its config.

    Args:
        workdir: the run directory.
        precision: what its networks compute in, as of `config.precision`; None: as in training.

    Raises:
        RunError: where the run has no checkpoint yet.
    """
    config = load_config(workdir)
    data, evaluation_data = build_data(config)
    built = ConfigDict({**config, "precision": precision or config.precision})
    model = build_model(built, data)
    if not Checkpoints(model, pathlib.Path(workdir) / "checkpoints").restore():
        raise RunError(f"workdir {workdir} holds no checkpoint; train into it first")
    averaging.use(model, averaged=True)
    return model, evaluation_data, config


def read_results(workdir: str | pathlib.Path, step: int) -> dict[str, Any]:
    """Returns the run's results so far; none where they are of another step than `step`."""
    path = pathlib.Path(workdir) / RESULTS_FILE
    results = json.loads(path.read_text()) if path.exists() else {}
    return results if results.get("step") == step else {}
