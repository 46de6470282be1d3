"""Builds a model from its parts: each gets the sizes that follow from the data and the others."""

from collections.abc import Mapping
from typing import Any

from tfvae.construction.lookup import lookup
from tfvae.construction.objects import (
    check_arguments,
    check_complete,
    construct,
    join,
    make_argument,
    require_given,
)
from tfvae.construction.roles import roles_of

Shape = tuple[int, ...]


class _Parts:
    """Makes the objects that a constructor takes, one after another.

    Args:
        cls: the class.
        arguments: the constructor's; parts are objects, names, or {"name": ..., **arguments}.
        dtype: Keras dtype policy of networks.
        field: the config field of the object, for errors.
    """

    def __init__(self, cls: type, arguments: Mapping[str, Any], dtype: str | None, field: str):
        check_arguments(cls, arguments, field)
        self.cls, self.dtype, self.field = cls, dtype, field
        self.arguments = dict(arguments)
        self.roles = roles_of(cls)

    def make(self, key: str, default: str | None = None, **sizes) -> Any:
        """Makes and returns a part; None if the class has no such part or it is optional.

        Args:
            key: the argument.
            default: name of the part's class if none is given.
            sizes: values for arguments of the part that are not given.

        Raises:
            ValueError: if the class needs the part and it is not given.
        """
        if key not in self.roles:
            return None
        if key not in self.arguments:
            require_given(self.cls, key, self.field)
            return None
        spec = self.arguments[key]
        if default and isinstance(spec, Mapping):
            spec = {"name": default, **spec}
        path = join(self.field, key)
        part = construct(spec, self.roles[key].package, path, self.dtype, **sizes)
        self.arguments[key] = part
        return part

    def make_networks(self, shape: Shape, outputs: int | None) -> None:
        """Makes the likelihood, encoder and decoder for data of one `shape`."""
        per_value = getattr(self.make("likelihood"), "params_size", None)
        self.make("encoder", outputs=outputs)
        self.make(
            "decoder",
            outputs_per_value=per_value,
            image_shape=list(shape),
            data_shape=list(shape),
        )

    def finish(self):
        """Makes the remaining parts and returns the object."""
        for key, value in self.arguments.items():
            self.arguments[key] = make_argument(
                self.cls, key, value, self.roles, self.field, self.dtype
            )
        check_complete(self.cls, self.arguments, self.field)
        return self.cls(**self.arguments)


def build_model(
    cls: type,
    arguments: Mapping[str, Any],
    shape: Shape | Mapping[str, Shape],
    *,
    latents: int | None = None,
    data=None,
    dtype: str | None = None,
    field: str = "",
    data_name: str = "data",
):
    """Returns a model of class `cls`.

    Args:
        cls: the model's class.
        arguments: the constructor's; parts are objects, names, or {"name": ..., **arguments}.
        shape: shape of an example, or of an example of each modality.
        latents: size of the posterior, if `arguments` gives none.
        data: a `tfvae.data.Dataset` or an array, to initialise a prior from.
        dtype: Keras dtype policy of the networks.
        field: the config field of the model, for errors.
        data_name: name of the data in errors.

    Raises:
        ValueError: if names, arguments or sizes do not work (the message names them).
    """
    parts = _Parts(cls, arguments, dtype, field)
    posterior = parts.make("posterior", size=latents)
    latents, outputs = getattr(posterior, "size", None), getattr(posterior, "params_size", None)
    parts.make("prior", size=latents, data=None if isinstance(shape, Mapping) else data)
    if "modalities" in parts.roles:
        specs, path = parts.arguments.get("modalities", {}), join(field, "modalities")
        if not isinstance(shape, Mapping):
            raise ValueError(
                f"{path} are {', '.join(specs) or 'missing'}; {data_name} has one modality only: "
                "give data that are dictionaries, or choose a model of tfvae.models"
            )
        _check_names(specs, shape, path, data_name)
        parts.arguments["modalities"] = _modalities(specs, shape, outputs, dtype, path)
        parts.make("joint_encoder", default="JointEncoder", outputs=outputs)
    elif isinstance(shape, Mapping):
        raise ValueError(
            f"{data_name} has the modalities {', '.join(shape)}; {cls.__name__} has one modality: "
            "choose a model of tfvae.multimodal"
        )
    else:
        parts.make_networks(shape, outputs)
    return parts.finish()


def _check_names(specs, names, field: str, data_name: str) -> None:
    if set(specs) != set(names):
        raise ValueError(
            f"{field} are {', '.join(specs)}; {data_name} has {', '.join(names)}: they must be "
            "the same"
        )


def _modalities(
    specs: Mapping[str, Any],
    shapes: Mapping[str, Shape],
    outputs: int | None,
    dtype: str | None,
    field: str,
) -> dict[str, Any]:
    """Makes the modalities. With a `Label`, encoders are classifiers with one logit per class."""
    made = {key: spec for key, spec in specs.items() if not isinstance(spec, Mapping)}
    parts = {}
    for key in specs.keys() - made.keys():
        path, spec = join(field, key), {"name": "Modality", **specs[key]}
        cls = lookup(spec.pop("name"), "tfvae.multimodal", f"{path}.name")
        parts[key] = _Parts(cls, spec, dtype, path)
        if "encoder" not in parts[key].roles:  # a label, which has no networks
            parts[key].arguments.setdefault("num_classes", shapes[key][-1])
            made[key] = parts[key].finish()
    labels = [part for part in made.values() if hasattr(part, "num_classes")]
    outputs = labels[0].num_classes if labels else outputs
    for key in specs:
        if key not in made:
            parts[key].make_networks(shapes[key], outputs)
            made[key] = parts[key].finish()
    return {key: made[key] for key in specs}
