"""Published experiments by name: the configs and sweeps that come with the package."""

import pathlib
import runpy
from typing import Any

from absl import flags
from ml_collections import config_flags
from ml_collections.config_flags.config_flags import ConfigFileFlagParser

from tfvae.arguments import did_you_mean
from trainers import configs, sweeps

FOLDERS = {"config": configs, "sweep": sweeps}
NOT_EXPERIMENTS = ("__init__", "default")


def published(kind: str) -> dict[str, pathlib.Path]:
    """Returns the files of the published experiments by name; `kind` is "config" or "sweep"."""
    folder = pathlib.Path(FOLDERS[kind].__path__[0])
    return {path.stem: path for path in folder.glob("*.py") if path.stem not in NOT_EXPERIMENTS}


def find(name: str, kind: str) -> pathlib.Path:
    """Returns the file of a published experiment, or a file of your own.

    Args:
        name: a name such as "vae_mnist", or the path of a .py file.
        kind: "config" or "sweep".

    Raises:
        ValueError: for an unknown name, with the closest valid one, or a missing file.
    """
    if name.endswith(".py"):
        path = pathlib.Path(name)
        if not path.is_file():
            raise ValueError(f"there is no file {name}")
        return path
    experiments = published(kind)
    if name not in experiments:
        raise ValueError(f"there is no {kind} {name!r}; {did_you_mean(name, experiments)}")
    return experiments[name]


def call(file: str | pathlib.Path, function: str) -> Any:
    """Returns what a function of a Python file returns.

    Raises:
        ValueError: if the file has no such function.
    """
    names = runpy.run_path(str(file))
    if function not in names:
        raise ValueError(f"{file} has no {function}()")
    return names[function]()


class _Parser(ConfigFileFlagParser):
    """Takes the name of a published config in place of a file."""

    def parse(self, path):
        """Returns the config of NAME, FILE.py or FILE.py:ARGUMENT."""
        name, colon, argument = path.partition(":")
        try:
            file = find(name, "config")
        except ValueError as error:  # which absl would bury in its own message
            raise OSError(str(error)) from error
        return super().parse(f"{file}{colon}{argument}")


def define_config_flag(help_text: str) -> flags.FlagHolder:
    """Defines --config, a name or a file; each field is a flag, such as --config.model.beta."""
    holder = config_flags.DEFINE_config_file("config", None, help_text)
    flags.FLAGS["config"].parser = _Parser("config")
    return holder
