"""Selects the signature for a method and its arguments, and checks the inputs.

A model of several modalities has a signature for each exported subset, such as
`encode_image_label`, and `encode_image_label_png`, which takes PNGs as `image_bytes`. For a
dictionary, the names of its arrays select the signature. A single array selects the signature with
the name of the method.
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
    """Selects the signature `name` for an array, or `name_A_B` for a dictionary of A and B.

    Args:
        signatures: Signatures of the model.
        name: Name of the method.
        value: An array, or a dictionary of modality to array.
        seed: Seed; None selects signatures without one.

    Returns:
        Name of the signature, and its inputs.

    Raises:
        ValueError: There is no such signature, or the arrays do not match it.
    """
    if isinstance(value, Mapping):
        return select_by_inputs(
            signatures, name, lambda s: s == name or s.startswith(f"{name}_"), value, seed
        )
    signature = signature_named(signatures, name)
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
    """Selects the candidate that takes exactly the given inputs.

    Raises:
        ValueError: There is none; the message lists the candidates.
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
    raise ValueError(f"the model has no {what} of {_list(given)}; it has: {offered or 'none'}")


def signature_named(signatures: Signatures, name: str) -> SignatureSpec:
    """Returns the signature of this name.

    Raises:
        ValueError: There is none; the message lists all signatures.
    """
    if name not in signatures:
        raise ValueError(f"the model has no signature {name!r}; it has {_list(signatures)}")
    return signatures[name]


def select_translation(signatures: Signatures, given: Mapping[str, Any], to: str) -> Selection:
    """Selects `A_B_to_C` or `A_B_to_C_png` for a dictionary of A and B.

    Raises:
        ValueError: There is none, or the arrays do not match it.
    """

    def is_candidate(name: str) -> bool:
        return "_to_" in name and set(signatures[name].outputs) == {to}

    return select_by_inputs(signatures, f"translation to {to!r}", is_candidate, given)


def select_sample(
    signatures: Signatures, n: int, seed: Any, given: Mapping[str, Any] | None
) -> Selection:
    """Selects `sample`, or `sample_given_A_B` for a dictionary of A and B with n rows or one.

    Raises:
        ValueError: There is none, or the arrays do not match it.
    """
    if given is None:
        signature_named(signatures, "sample")
        return "sample", {_SEED: arguments.seed_rows(seed, n)}
    rows = {}
    for name, value in given.items():
        array = arguments.as_array(value)
        if array.ndim == 0 or len(array) not in (1, n):
            raise ValueError(f"given has {name} of shape {array.shape}; it must have {n} rows or 1")
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
        raise ValueError("seed is None; give an int, or integers of shape [B, 2]")
    for name, array in inputs.items():
        if array.ndim == 0:
            raise ValueError(f"{name} of this model has no batch axis; call predict")
    rows = {name: len(array) for name, array in inputs.items()}
    if len(set(rows.values())) > 1:
        raise ValueError(f"the arrays must have the same number of rows; they have {rows}")
    if seed is not None:
        inputs[_SEED] = arguments.seed_rows(seed, next(iter(rows.values())))
    return inputs


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "nothing"
