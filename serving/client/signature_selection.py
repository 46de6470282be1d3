"""Which signature runs a method on what is given, and its inputs, checked.

A model of several modalities has one signature for each exported subset of them, such as
`encode_image_label`, and another, `encode_image_label_png`, that takes PNGs as `image_bytes`. A
dictionary chooses by the names of its arrays, an array alone takes the method's own signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import arguments
from .signature_specs import Signatures, SignatureSpec

Inputs = dict[str, np.ndarray]
Selection = tuple[str, Inputs]
_SEED = "seed"


def select_signature(signatures: Signatures, name: str, value: Any, seed: Any = None) -> Selection:
    """The signature `name` of `value`, or `name_A_B` of a dictionary of A and B.

    Args:
        signatures: The model's.
        name: The method's.
        value: An array, or a dictionary of modality to array.
        seed: For a signature that takes one; None for one that takes none.

    Returns:
        The signature's name and its inputs.

    Raises:
        ValueError: There is no such signature, or the arrays do not suit it.
    """
    if isinstance(value, Mapping):
        return select_by_inputs(
            signatures, name, lambda s: s == name or s.startswith(f"{name}_"), value, seed
        )
    signature = named(signatures, name)
    takes = sorted(set(signature.inputs) - {_SEED})
    if len(takes) != 1:
        raise ValueError(f"{name} takes a dictionary of the modalities {', '.join(takes)}")
    return name, _inputs(signature, {takes[0]: value}, seed)


def select_by_inputs(
    signatures: Signatures,
    what: str,
    is_candidate: Callable[[str], bool],
    given: Mapping[str, Any],
    seed: Any = None,
) -> Selection:
    """The candidate whose inputs are those given.

    Raises:
        ValueError: There is none; names those exported.
    """
    seeded = seed is not None
    candidates = {
        name: set(signature.inputs) - {_SEED}
        for name, signature in sorted(signatures.items())
        if is_candidate(name) and (_SEED in signature.inputs) == seeded
    }
    for name, takes in candidates.items():
        if takes == set(given):
            return name, _inputs(signatures[name], given, seed)
    offered = "; ".join(f"{name} of {_list(takes)}" for name, takes in candidates.items())
    raise ValueError(
        f"the model has no {what} of {_list(given)}; exported are: {offered or 'none at all'}"
    )


def named(signatures: Signatures, name: str) -> SignatureSpec:
    """The signature of this name.

    Raises:
        ValueError: There is none; names those there are.
    """
    if name not in signatures:
        raise ValueError(f"the model has no signature {name!r}; it has {_list(signatures)}")
    return signatures[name]


def select_translation(signatures: Signatures, given: Mapping[str, Any], to: str) -> Selection:
    """`A_B_to_C`, or `A_B_to_C_png`, of a dictionary of A and B.

    Raises:
        ValueError: There is none, or the arrays do not suit it.
    """

    def is_candidate(name: str) -> bool:
        return "_to_" in name and set(signatures[name].outputs) == {to}

    return select_by_inputs(signatures, f"translation to {to!r}", is_candidate, given)


def select_sample(
    signatures: Signatures, n: int, seed: Any, given: Mapping[str, Any] | None
) -> Selection:
    """`sample`, or `sample_given_A_B` of a dictionary of A and B, of n rows or of one for all.

    Raises:
        ValueError: There is none, or the arrays do not suit it.
    """
    if given is None:
        named(signatures, "sample")
        return "sample", {_SEED: arguments.seed_rows(seed, n)}
    rows = {}
    for name, value in given.items():
        array = arguments.as_array(value)
        if array.ndim == 0 or len(array) not in (1, n):
            raise ValueError(
                f"given has {name} of shape {array.shape}; it must have {n} rows, or one for all"
            )
        rows[name] = np.repeat(array, n, axis=0) if len(array) == 1 else array
    return select_by_inputs(
        signatures,
        "samples given values",
        lambda name: name.startswith("sample_given_"),
        rows,
        arguments.seed_rows(seed, n),
    )


def _inputs(signature: SignatureSpec, values: Mapping[str, Any], seed: Any) -> Inputs:
    inputs = {
        name: arguments.checked(value, name, signature.inputs[name])
        for name, value in values.items()
    }
    if _SEED in signature.inputs and seed is None:
        raise ValueError("seed is None; the model needs an int, or a row of two for each example")
    for name, array in inputs.items():
        if array.ndim == 0:
            raise ValueError(f"{name} of this model has no rows; call predict")
    rows = {name: len(array) for name, array in inputs.items()}
    if len(set(rows.values())) > 1:
        raise ValueError(f"the arrays must have as many rows as each other; they have {rows}")
    if seed is not None:
        inputs[_SEED] = arguments.seed_rows(seed, next(iter(rows.values())))
    return inputs


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "nothing"
