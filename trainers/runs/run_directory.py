"""Run directories: their configs, and the models and results in them."""

import json
import pathlib
from typing import Any

from ml_collections import ConfigDict

import tfvae
from storage import atomic
from tfvae import runs
from tfvae.construction import own_modules
from tfvae.runs import CONFIG_FILE, RunError
from tfvae.training import jit
from trainers.configs.default import get_config
from trainers.runs.run_lock import lock

RESULTS_FILE = "results.json"
JIT_FILE = "jit.json"  # whether XLA compiles the run's steps
# Fields that may change when a run is resumed: they do not change its steps.
FIELDS_FREE_ON_RESUME = ("steps", "evaluation")


def claim(workdir: str | pathlib.Path, config: ConfigDict, write: bool = True) -> pathlib.Path:
    """Makes `workdir` the run directory of `config`, or checks that it already is.

    A directory without a checkpoint is free: a run that failed before its first checkpoint can be
    restarted with a corrected config. One that another process trains into is not
    (`trainers.runs.run_lock`).

    Args:
        workdir: the run directory.
        config: the config of the run.
        write: whether to create the directory, lock it for this process and write the config;
            False only checks.

    Raises:
        RunError: if the directory is in use by another process, or belongs to another config,
            with the fields that differ.
    """
    directory = pathlib.Path(workdir)
    path = directory / CONFIG_FILE
    requested = json.loads(config.to_json())
    if write:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock(directory)  # before its config is read: the other process may be writing it
        except OSError as error:
            raise _unwritable(directory, error) from error
    if path.exists() and any((directory / runs.CHECKPOINTS).glob("ckpt-*")):
        stored = runs.with_defaults(json.loads(path.read_text()))
        lines = [
            f"  {field}: {stored_value!r} there, {requested_value!r} requested"
            for field, stored_value, requested_value in differences(stored, requested)
            if field.split(".")[0] not in FIELDS_FREE_ON_RESUME
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
        atomic.write_json(path, requested)
        folders = own_modules.folders(requested)
        if folders:
            atomic.write_json(directory / runs.OWN_MODULES_FILE, folders)
    except OSError as error:
        raise _unwritable(directory, error) from error
    return directory


def _unwritable(directory: pathlib.Path, error: OSError) -> RunError:
    return RunError(f"workdir {directory} cannot be written: {error}")


def differences(first, second, prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Returns the fields that differ, such as "model.beta", with both values."""
    missing = "nothing"
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return [] if first == second else [(prefix, first, second)]
    found = []
    for key in sorted(first.keys() | second.keys()):
        field = f"{prefix}.{key}" if prefix else key
        found += differences(first.get(key, missing), second.get(key, missing), field)
    return found


def jit_choice(workdir: str | pathlib.Path) -> jit.Choice | None:
    """Returns whether XLA compiles a run's steps, None if that is not chosen yet."""
    path = pathlib.Path(workdir) / JIT_FILE
    return jit.Choice.from_json(json.loads(path.read_text())) if path.exists() else None


def load_config(workdir: str | pathlib.Path) -> ConfigDict:
    """Returns the config of a run.

    Raises:
        RunError: if `workdir` is not a run directory, or its config lacks a field.
    """
    return ConfigDict(runs.read_config(workdir, fields=get_config()))


def load(
    workdir: str | pathlib.Path, precision: str | None = None
) -> tuple[tfvae.models.generative_model.GenerativeModel, tfvae.data.Dataset, ConfigDict]:
    """Returns the newest model of a run, its evaluation data and its config.

    Args:
        workdir: the run directory.
        precision: of the networks, as in `config.precision`; None: as in training.

    Raises:
        RunError: if the run has no checkpoint yet.
    """
    config = load_config(workdir)
    model, evaluation_data = runs.restore(workdir, config, precision)
    return model, evaluation_data, config


def read_results(workdir: str | pathlib.Path, step: int) -> dict[str, Any]:
    """Returns the run's results at `step`; empty if they are of another step."""
    path = pathlib.Path(workdir) / RESULTS_FILE
    results = json.loads(path.read_text()) if path.exists() else {}
    return results if results.get("step") == step else {}
