"""The runs of a sweep: every combination of the values of its fields."""

import dataclasses
import itertools
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_flags import config_path

from tfvae.arguments import did_you_mean
from trainers.experiments import call, find


@dataclasses.dataclass(frozen=True)
class PlannedRun:
    """One run of a sweep.

    Attributes:
        directory: the run directory.
        config_file: its config's file.
        config: its config, with the fields below.
        fields: the fields set by the sweep, such as "model.beta", and their values.
        varied: column of the results to value, for fields with more than one value.
    """

    directory: pathlib.Path
    config_file: pathlib.Path
    config: ConfigDict
    fields: dict[str, Any]
    varied: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the run directory."""
        return self.directory.name

    @property
    def flags(self) -> list[str]:
        """The flags of `trainers.train` that make this run."""
        fields = [f"--config.{field}={value}" for field, value in self.fields.items()]
        return [f"--config={self.config_file}", *fields, f"--workdir={self.directory}"]


def plan(grids: Sequence[Mapping[str, Any]], workdir: str | pathlib.Path) -> list[PlannedRun]:
    """Returns the runs of `grids`, with their directories in `workdir`.

    A directory is named CONFIG-FIELD=VALUE-...-seed=SEED, with the fields that have more than one
    value in the sweep, by their last part if that is unique.

    Args:
        grids: each {"config": NAME, field: value, ...}, a list being alternatives; NAME is
            the name of a published config, or a file.
        workdir: the sweep's directory.

    Raises:
        ValueError: if a config, field or value does not work, or two runs have the same name.
    """
    runs = [_configured(choice) for grid in grids for choice in _choices(grid)]
    columns = _columns([fields for _, _, fields in runs])
    planned = {}
    for file, config, fields in runs:
        varied = {columns[field]: value for field, value in fields.items() if field in columns}
        parts = [f"{column}={value_text(value)}" for column, value in varied.items()]
        name = "-".join([file.stem, *parts, f"seed={config.seed}"])
        if name in planned:
            raise ValueError(f"two runs of the sweep are named {name!r}; take one of them out")
        directory = pathlib.Path(workdir) / name
        planned[name] = PlannedRun(directory, file, config, fields, varied)
    return list(planned.values())


def _choices(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "config" not in grid:
        raise ValueError(f"the grid {dict(grid)} has no config; give its name or file")
    values = [value if isinstance(value, list) else [value] for value in grid.values()]
    return [dict(zip(grid, choice, strict=True)) for choice in itertools.product(*values)]


def _configured(choice: Mapping[str, Any]) -> tuple[pathlib.Path, ConfigDict, dict[str, Any]]:
    """The config file, the config and the fields set, with the config's types (1 as 1.0)."""
    file = find(str(choice["config"]), "config")
    config = call(file, "get_config")
    fields = {}
    for field, value in choice.items():
        if field == "config":
            continue
        try:
            config_path.set_value(field, config, value)
        except KeyError as error:
            guess = did_you_mean(field, _leaves(config.to_dict()))
            raise ValueError(f"{file} has no field {field!r}; {guess}") from error
        except TypeError as error:
            raise ValueError(f"{file}: {field} cannot be {value!r}: {error}") from error
        fields[field] = config_path.get_value(field, config)
    return file, config, fields


def _leaves(config: Mapping[str, Any], prefix: str = ""):
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def _columns(runs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The fields with more than one value, besides the seed, to their columns in the results."""
    names = dict.fromkeys(field for fields in runs for field in fields if field != "seed")
    varied = [f for f in names if len({repr(fields[f]) for fields in runs if f in fields}) > 1]
    # The class of a part is named by the part: prior for model.prior.name.
    last = [field.removesuffix(".name").rpartition(".")[2] for field in varied]
    return {
        field: part if last.count(part) == 1 else field
        for field, part in zip(varied, last, strict=True)
    }


def value_text(value: Any) -> str:
    """Returns a value for names of files: numbers short, text without slashes."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^\w.+-]+", "_", text)
