"""Run directories: loads a model from the config it was trained with and its newest weights.

A run directory holds config.json and checkpoints/; `trainers.train` writes both.
"""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import keras

from tfvae.arguments import did_you_mean
from tfvae.construction import build_model, construct, lookup_model, own_modules, seeded
from tfvae.construction.data_summary import shape_of
from tfvae.data import Dataset
from tfvae.networks.ladder_encoder import top_first
from tfvae.training import averaging
from tfvae.training.checkpoints import Checkpoints

CONFIG_FILE = "config.json"
CHECKPOINTS = "checkpoints"
OWN_MODULES_FILE = "own_modules.json"  # folders of the classes that the config names "module.Class"
# Fields that runs of older versions lack, and the values that those versions used.
DEFAULTS_OF_OLD_RUNS = {"accumulation": 1, "weight_averaging": 0.0}
# Fields of a model that older versions named differently: by model, old name to new name.
NAMES_OF_OLD_RUNS = {"JMVAE": {"a": "alpha"}}
# The fields that a model is made from.
FIELDS = ("data", "evaluation", "model", "optimizer", "precision", "seed", *DEFAULTS_OF_OLD_RUNS)
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}

Config = Mapping[str, Any]


class RunError(Exception):
    """A run directory cannot be used."""


def load_run(directory: str | pathlib.Path, precision: str | None = None):
    """Returns the model of a run, compiled, with its newest weights, averaged if the run does so.

    Example:
        model = tfvae.load_run("runs/b8")

    Args:
        directory: the run directory.
        precision: "float32", "bfloat16" or "float16", for its networks; if None, as in training.

    Raises:
        RunError: if it is not a run directory, or has no checkpoint.
        ValueError: if the precision is unknown.
    """
    model, _ = restore(directory, read_config(directory), precision)
    return model


def read_config(directory: str | pathlib.Path, fields=FIELDS) -> dict[str, Any]:
    """Returns the config of a run.

    Raises:
        RunError: if it is not a run directory, or its config lacks one of `fields`.
    """
    path = pathlib.Path(directory) / CONFIG_FILE
    if not path.exists():
        raise RunError(f"workdir {directory} holds no {CONFIG_FILE}; train into it first")
    config = with_defaults(json.loads(path.read_text()))
    missing = [field for field in fields if field not in config]
    if missing:
        raise RunError(
            f"{path} lacks {', '.join(missing)}: another version of tfvae made it; train again, "
            "or add the field"
        )
    return config


def with_defaults(config: Config) -> dict[str, Any]:
    """Converts the config of a run of any version to the fields of this version."""
    model = dict(config.get("model") or {})
    names = NAMES_OF_OLD_RUNS.get(str(model.get("name")), {})
    model = {names.get(field, field): value for field, value in model.items()}
    encoder = model.get("encoder")
    if isinstance(encoder, Mapping) and encoder.get("name") == "LadderEncoder":
        model["encoder"] = top_first(dict(encoder))
    return {**DEFAULTS_OF_OLD_RUNS, **config} | ({"model": model} if model else {})


def restore(directory: str | pathlib.Path, config: Config, precision: str | None = None):
    """Returns the model of a run, with its newest weights, and its evaluation data.

    Args:
        directory: the run directory.
        config: the run's config.
        precision: see `load_run`.

    Raises:
        RunError: if the run has no checkpoint.
    """
    make_importable(directory)
    data, evaluation_data = data_of(config)
    model = model_of({**config, "precision": precision or config["precision"]}, data)
    if not Checkpoints(model, pathlib.Path(directory) / CHECKPOINTS).restore():
        raise RunError(f"workdir {directory} holds no checkpoint; train into it first")
    averaging.use(model, averaged=True)
    return model, evaluation_data


def make_importable(directory: str | pathlib.Path) -> None:
    """Makes the classes of your own importable that a run was trained with."""
    path = pathlib.Path(directory) / OWN_MODULES_FILE
    if path.exists():
        own_modules.make_importable(json.loads(path.read_text()))


def data_of(config: Config) -> tuple[Dataset, Dataset]:
    """Returns the training data and the evaluation data.

    `evaluation.data` has the fields that differ for the second, such as its split.
    """
    spec = in_order(config["data"])
    data = construct(spec, "tfvae.data", "config.data")
    changes = in_order(config["evaluation"].get("data", {}))
    if not changes:
        return data, data
    return data, construct({**spec, **changes}, "tfvae.data", "config.evaluation.data")


def model_of(config: Config, data: Dataset):
    """Returns the model of a config, compiled; sizes that it omits follow from data and heads.

    Args:
        config: the config of a run.
        data: the training data.

    Raises:
        ValueError: if names, fields or sizes do not work (the message names them).
    """
    precision, spec = config["precision"], in_order(config["model"])
    if precision not in POLICIES:
        raise ValueError(f"config.precision is {precision!r}; {did_you_mean(precision, POLICIES)}")
    if "name" not in spec:
        raise ValueError("config.model has no name; give that of a model, such as VAE")
    cls = lookup_model(spec.pop("name"), "config.model.name")
    with seeded(config["seed"]):
        model = build_model(
            cls,
            spec,
            shape_of(data),
            data=data,
            dtype=POLICIES[precision],
            field="config.model",
            data_name=f"config.data.name {config['data']['name']!r}",
        )
    model.compile(**_optimizers(config), seed=config["seed"], accumulation=config["accumulation"])
    return model


def _optimizers(config: Config) -> dict[str, keras.optimizers.Optimizer]:
    """Returns `optimizer` and those of other players, such as `discriminator_optimizer`."""
    specs = {
        field: in_order(spec)
        for field, spec in config.items()
        if field == "optimizer" or field.endswith("_optimizer")
    }
    if config["weight_averaging"]:
        specs["optimizer"] |= {"use_ema": True, "ema_momentum": config["weight_averaging"]}
    return {
        field: construct(spec, "keras.optimizers", f"config.{field}")
        for field, spec in specs.items()
    }


def in_order(value):
    """Returns a field of a config with its keys in alphabetical order, as plain dictionaries.

    The order of the modalities determines that of tables and weights, so it must not depend on the
    order in a config.
    """
    if isinstance(value, Mapping) or hasattr(value, "items"):  # a ConfigDict is not a Mapping
        return {key: in_order(item) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [in_order(item) for item in value]
    return value
