"""Experiments: the configs and sweeps that come with the package, by name, and a user's own."""

import pathlib
import sys
import sysconfig
import traceback
import types
from typing import Any

from absl import flags
from ml_collections import ConfigDict, config_flags
from ml_collections.config_flags.config_flags import ConfigFileFlagParser

import programs
import tfvae
import trainers
from tfvae.arguments import did_you_mean
from trainers import configs, sweeps

FOLDERS = {"config": configs, "sweep": sweeps}
NOT_EXPERIMENTS = ("__init__", "default")


class ExperimentError(Exception):
    """The code of a config or sweep failed; the message has its own error, file and line."""


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
        ValueError: if the name is unknown (the message has the closest valid one), or the file is
            missing.
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


def call(file: str | pathlib.Path, function: str, *arguments: str) -> Any:
    """Returns what a function of a Python file returns.

    From here on the modules in the file's folder can be imported, as for a script: helpers beside
    it, and classes of your own that a config names "module.Class".

    Args:
        file: a Python file.
        function: the name of its function.
        arguments: of the function.

    Raises:
        ValueError: if the file has no such function.
        ExperimentError: if the file's own code fails.
    """
    file = pathlib.Path(file).resolve()
    folder = str(file.parent)
    if folder not in (sys.path[0], *FOLDERS["config"].__path__, *FOLDERS["sweep"].__path__):
        sys.path.insert(0, folder)
    # Not imported, so that a file may have the name of any module, and leaves no bytecode.
    module = types.ModuleType(f"experiment {file}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    try:
        exec(compile(file.read_bytes(), file, "exec"), vars(module))
        if not hasattr(module, function):
            raise ValueError(f"{file} has no {function}()")
        return getattr(module, function)(*arguments)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [number for number, frame in enumerate(frames) if frame.filename == str(file)]
        if not own and not isinstance(error, SyntaxError):
            raise
        lines = traceback.format_list(frames[own[0] :]) if own else []
        text = "".join([*traceback.format_exception_only(error), *lines]).rstrip()
        raise ExperimentError(f"{file} failed: {text}") from error


def own_line(error: BaseException) -> str:
    """Returns the last line of a user's own code in an error's traceback, "" if there is none."""
    packages = [pathlib.Path(module.__path__[0]) for module in (programs, tfvae, trainers)]
    others = {*packages, *map(pathlib.Path, sysconfig.get_paths().values())}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = pathlib.Path(frame.filename)
        if file.is_file() and not others & set(file.parents) and "__autograph" not in file.name:
            return f"{file}, line {frame.lineno}, in {frame.name}"
    return ""


class _Parser(ConfigFileFlagParser):
    """Takes the name of a published config in place of a file."""

    def parse(self, path):
        """Returns the config of NAME, FILE.py or FILE.py:ARGUMENT."""
        name, colon, argument = path.partition(":")
        try:
            file = find(name, "config")
            config = call(file, "get_config", *[argument] * bool(colon))
            if not isinstance(config, ConfigDict):
                raise ValueError(
                    f"get_config() of {file} returns {config!r:.50}; it must return a ConfigDict, "
                    "such as that of trainers.configs.default changed"
                )
        except ValueError as error:  # which absl would bury in its own message
            raise OSError(str(error)) from error
        return config.lock()


def define_config_flag(help_text: str) -> flags.FlagHolder:
    """Defines --config, a name or a file; each field is a flag, such as --config.model.beta."""
    holder = config_flags.DEFINE_config_file("config", None, help_text)
    flags.FLAGS["config"].parser = _Parser("config")
    return holder
