"""Objects from the names and fields of a config."""

import difflib
import inspect
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import keras
import ml_collections
import numpy as np

import tfvae

# Where the classes are that an argument of a class names: by the argument, else by the class's own
# module, else a schedule.
BY_ARGUMENT = {
    "heads": tfvae.heads,
    "networks": tfvae.networks,
    "encoders": tfvae.networks,
    "top": tfvae.priors,
}
WITHIN = {keras.optimizers: keras.optimizers.schedules, tfvae.data: tfvae.data}


def nearest(name: str, valid: Iterable[str]) -> str:
    """Returns a sentence with the nearest valid name and all of them."""
    valid = sorted(valid)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}valid: {', '.join(valid)}"


def lookup(name: str, module: ModuleType, field: str) -> type:
    """Returns the class `name` of `module`.

    Raises:
        ValueError: naming the config's field, the name and the nearest valid one.
    """
    public = getattr(module, "__all__", None) or dir(module)
    classes = {item: getattr(module, item, None) for item in public}
    valid = [
        n for n, cls in classes.items() if inspect.isclass(cls) and not inspect.isabstract(cls)
    ]
    if name not in valid:
        raise ValueError(f"config.{field}.name is {name!r}; {nearest(name, valid)}")
    return getattr(module, name)


def fields_of(cls: type) -> dict[str, bool]:
    """Returns a class's constructor arguments, its bases' included: name to whether required."""
    fields: dict[str, bool] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            _, *parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            for p in parameters:
                if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
                    fields.setdefault(p.name, p.default is p.empty)
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    return fields


def construct(spec: Mapping[str, Any], module: ModuleType, field: str, **defaults):
    """Returns the object that `spec` describes: its class's `name` and the other fields.

    Args:
        spec: {"name": ..., **arguments}; arguments that are such mappings, or lists or mappings
            of them, are schedules, or what the argument is named after (`heads`, `networks`);
            those of data are data, such as what `FixedFactors` is a part of.
        module: where the class is.
        field: where `spec` stands in the config, for messages.
        defaults: arguments that `spec` may leave out and the class may not know.

    Raises:
        ValueError: for an unknown name or field, with the nearest valid one, or a missing field.
    """
    arguments = dict(spec)
    if "name" not in arguments:
        raise ValueError(f"config.{field} has no name; valid: see {module.__name__}")
    cls = lookup(arguments.pop("name"), module, field)
    valid = fields_of(cls)
    for key, argument in arguments.items():
        if key not in valid:
            raise ValueError(f"config.{field}.{key} is unknown; {nearest(key, valid)}")
        inner = BY_ARGUMENT.get(key) or WITHIN.get(module, tfvae.schedules)
        arguments[key] = _constructed(argument, inner, f"{field}.{key}", **defaults)
    arguments = {key: value for key, value in defaults.items() if key in valid} | arguments
    for key, required in valid.items():
        if required and key not in arguments:
            raise ValueError(f"config.{field}.{key} is missing; {cls.__name__} needs it")
    return cls(**arguments)


def _constructed(argument, module: ModuleType, field: str, **defaults):
    """What an argument describes: an object, a list or a mapping of them, or itself."""
    if isinstance(argument, (list, tuple)):
        return [
            _constructed(item, module, f"{field}[{i}]", **defaults)
            for i, item in enumerate(argument)
        ]
    if not isinstance(argument, (Mapping, ml_collections.ConfigDict)):
        return argument
    if isinstance(argument.get("name"), str):
        return construct(argument, module, field, **defaults)
    return {
        key: _constructed(item, module, f"{field}.{key}", **defaults)
        for key, item in argument.items()
    }


def check_names(config) -> None:
    """Checks the names of classes before any data is read.

    Raises:
        ValueError: for an unknown one, with the nearest valid one.
    """
    lookup(config.data.name, tfvae.data, "data")
    lookup(config.optimizer.name, keras.optimizers, "optimizer")
    lookup(config.model.name, tfvae, "model")


def build_data(config) -> tuple[tfvae.data.Dataset, tfvae.data.Dataset]:
    """Returns the data to train on and the data to evaluate on.

    `config.evaluation.data` holds the fields in which the second differs, such as its split.
    """
    data = construct(config.data, tfvae.data, "data")
    changes = dict(config.evaluation.get("data", {}))
    if not changes:
        return data, data
    return data, construct({**config.data, **changes}, tfvae.data, "evaluation.data")


def build_model(config, data: tfvae.data.Dataset) -> tfvae.VAE | tfvae.multimodal.MultimodalVAE:
    """Returns the model of `config.model`, compiled; sizes left out follow from data and heads.

    Args:
        config: the run's config.
        data: the training data, which gives the shape of an example.

    Raises:
        ValueError: for names, fields or sizes that do not work, naming them.
    """
    policies = {
        "float32": "float32",
        "bfloat16": "mixed_bfloat16",
        "float16": "mixed_float16",
    }
    if config.precision not in policies:
        raise ValueError(
            f"config.precision is {config.precision!r}; {nearest(config.precision, policies)}"
        )
    keras.utils.set_random_seed(config.seed)  # initial weights
    spec = dict(config.model)
    given = {"data": data, "dtype": policies[config.precision]}
    parts = {
        role: construct(_taken(spec, role, "model"), module, f"model.{role}", **given)
        for role, module in (("posterior", tfvae.heads), ("prior", tfvae.priors))
        if role in spec or role == "posterior"
    }
    given["outputs"] = parts["posterior"].params_size
    shapes = getattr(data, "shapes", None)
    if "modalities" in spec:
        parts |= _modalities(spec, shapes, config.data.name, given)
    elif shapes:
        raise ValueError(
            f"config.data.name is {config.data.name!r}, data of modalities {', '.join(shapes)}; "
            f"{config.model.name} has one modality: choose a model of tfvae.multimodal"
        )
    else:
        parts |= _networks(spec, data.image_shape, "model", given)
    model = construct({**spec, **parts}, tfvae, "model")
    optimizers = {  # `optimizer`, and those of further players
        field: construct(config[field], keras.optimizers, field)
        for field in config
        if field == "optimizer" or field.endswith("_optimizer")
    }
    if config.weight_averaging:
        average = {"use_ema": True, "ema_momentum": config.weight_averaging}
        optimizers["optimizer"] = construct(
            {**config.optimizer, **average}, keras.optimizers, "optimizer"
        )
    model.compile(**optimizers, seed=config.seed, accumulation=config.accumulation)
    return model


def _taken(spec: dict[str, Any], role: str, field: str):
    """Takes `role` out of `spec`."""
    if role not in spec:
        raise ValueError(f"config.{field}.{role} is missing; give its name")
    return spec.pop(role)


def _networks(spec: dict[str, Any], shape, field: str, given: dict[str, Any]) -> dict[str, Any]:
    """The likelihood and the networks of data of `shape`, taken out of `spec`."""
    likelihood = construct(
        _taken(spec, "likelihood", field), tfvae.heads, f"{field}.likelihood", **given
    )
    sizes = {
        **given,
        "outputs_per_value": likelihood.params_size,
        "image_shape": list(shape),
        "data_shape": list(shape),
    }
    networks = {
        role: construct(_taken(spec, role, field), tfvae.networks, f"{field}.{role}", **sizes)
        for role in ("encoder", "decoder", "discriminator")
        if role in spec or role != "discriminator"
    }
    return {"likelihood": likelihood, **networks}


def _modalities(spec: dict[str, Any], shapes, data_name: str, given) -> dict[str, Any]:
    """The modalities, and the joint encoder if there is one, taken out of `spec`."""
    named = dict(spec.pop("modalities"))
    if set(named) != set(shapes or ()):
        raise ValueError(
            f"config.model.modalities are {', '.join(named)}; config.data.name {data_name!r} has "
            f"{', '.join(shapes or ['one modality only'])}: they must be the same"
        )
    modalities = {}
    for name, fields in named.items():
        field, rest = f"model.modalities.{name}", {"name": "Modality", **fields}
        if rest["name"] == "Modality":  # and not a label, which has no networks
            rest |= _networks(rest, shapes[name], field, given)
        modalities[name] = construct(rest, tfvae.multimodal, field)
    parts: dict[str, Any] = {"modalities": modalities}
    if "joint_encoder" in spec:
        joint = {"name": "JointEncoder", **spec.pop("joint_encoder")}
        parts["joint_encoder"] = construct(joint, tfvae.networks, "model.joint_encoder", **given)
    return parts


def mean_image(data: tfvae.data.Dataset, examples: int = 60_000) -> np.ndarray:
    """Returns the mean of (at most `examples`) images, [H, W, C]."""
    total = np.zeros(data.image_shape, np.float64)
    for images in data.epoch(1000, limit=examples):
        total += np.sum(images, axis=0, dtype=np.float64)
    return total / min(examples, data.num_examples)
