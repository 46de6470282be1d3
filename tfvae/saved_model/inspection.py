"""Verifies any SavedModel as an export: read, linted, run, and reported per signature."""

import pathlib
from typing import Any, NamedTuple

from storage import saved_model
from tfvae.saved_model import assets, lint, specs, trial_calls
from tfvae.saved_model.c_api import CApiError, attempt_in_c_api, read_meta_graph
from tfvae.saved_model.lint import Problem
from tfvae.saved_model.trial_calls import Call
from tfvae.saved_model.verification import fault_of


class SignatureReport(NamedTuple):
    """A signature's inputs and outputs, described as "float32 [None, 10]", and its result."""

    name: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    result: str


class Inspection(NamedTuple):
    """Report on a SavedModel.

    Attributes:
        written_by_tfvae: whether it was written by `tfvae.export`.
        signatures: every signature, sorted by name.
        problems: the problems found.
    """

    written_by_tfvae: bool
    signatures: list[SignatureReport]
    problems: list[Problem]


def inspect(path: pathlib.Path) -> Inspection:
    """Reads and lints a SavedModel, and runs every signature with batch sizes 0, 1 and 3.

    Args:
        path: directory of one version.

    Raises:
        CApiError: if it is incomplete, or does not load in TensorFlow's C API.
    """
    meta_graph = read_meta_graph(path)
    if missing := saved_model.first_missing(path, meta_graph):
        raise CApiError(f"{path} is not whole: {missing} is missing")
    found = list(lint.problems(meta_graph))
    signatures = saved_model.signatures(meta_graph)
    requests, faults = trial_calls.warm_up_requests(path, signatures)
    found += faults
    calls: list[Call] = []
    for name, signature in signatures.items():
        try:
            calls += trial_calls.calls(name, signature, requests.get(name, []))
        except trial_calls.NotRunError as reason:
            found.append(Problem(f"signature {name} was not run: {reason}", False))
    ran: dict[str, list[str]] = {name: [] for name in signatures}
    failed: dict[str, list[str]] = {name: [] for name in signatures}
    for call, outcome in zip(calls, _attempt(path, calls), strict=True):
        found += (faults := _faults(call, outcome))
        (failed if faults else ran)[call.signature].append(call.what)
    reports = [
        SignatureReport(
            name,
            {key: specs.described(s) for key, s in specs.tensor_specs(signature.inputs).items()},
            {key: specs.described(s) for key, s in specs.tensor_specs(signature.outputs).items()},
            _result(ran[name], failed[name]),
        )
        for name, signature in signatures.items()
    ]
    return Inspection((path / "assets.extra" / assets.CARD_FILE).is_file(), reports, found)


def _result(ran: list[str], failed: list[str]) -> str:
    word, calls = ("failed", failed) if failed else ("ran", ran)
    return f"{word}: {', '.join(calls)}".replace(", batch", ",") if calls else "not run"


def _attempt(path: pathlib.Path, calls: list[Call]) -> list[Any]:
    """Returns the outcome of each call; after a crash, reruns each alone to find the cause."""
    try:
        return list(attempt_in_c_api(path, [(call.signature, call.inputs) for call in calls]))
    except CApiError as error:
        if len(calls) == 1:
            return [error]
        attempt_in_c_api(path, [])  # raises if it does not load at all
    return [outcome for call in calls for outcome in _attempt(path, [call])]


def _faults(call: Call, outcome: Any) -> list[Problem]:
    where = f"signature {call.signature}, {call.what}"
    if isinstance(outcome, CApiError):
        # Some convolutions fail on an empty batch, which no request has.
        is_error = call.certain and call.rows != 0
        hint = (
            "" if call.certain else " (inputs were generated; add warm-up requests to be certain)"
        )
        reason = str(outcome).partition("\n")[0].strip()
        return [Problem(f"{where}: {reason}{hint}", is_error)]
    if call.rows is None:
        return []
    faults = {key: fault_of(value, call.rows) for key, value in outcome.items()}
    return [Problem(f"{where}, output {key}: {f}", False) for key, f in faults.items() if f]
