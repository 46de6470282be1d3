"""Finds operations and tensors in a graph that a server cannot run."""

from collections.abc import Iterator
from typing import NamedTuple

from storage import graph_walk, saved_model
from tfvae.saved_model import specs

_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
_MESSAGES = {
    "python": "runs Python, which no server has",
    "random": "draws from a hidden state; draw by seed rows (tfvae.noise)",
    "xla": "must be compiled by XLA, which the stock server does not do; drop jit_compile",
}


class ExportError(RuntimeError):
    """An exported model cannot be served; the message names the signature and the operation."""


class Problem(NamedTuple):
    """A problem of a SavedModel.

    Attributes:
        message: description with the signature and the operation or tensor.
        is_error: True if the stock server fails on it; False if only an export's rule is broken.
    """

    message: str
    is_error: bool


def lint(meta_graph) -> None:
    """Checks a graph by the rules for exports.

    Args:
        meta_graph: the MetaGraphDef of a SavedModel.

    Raises:
        ExportError: if there are problems, with one line for each; see `problems`.
    """
    if found := list(problems(meta_graph)):
        raise ExportError("\n".join(problem.message for problem in found))


def problems(meta_graph) -> Iterator[Problem]:
    """Yields the problems that are visible in a graph.

    These are Python functions, stateful random operations, functions that need XLA, tensors that
    cannot be batched or have other dtypes than an export, all per signature, and a missing
    `serving_default`.
    """
    for name, signature in saved_model.signatures(meta_graph).items():
        # A dictionary, so that an operation with several outputs is reported once.
        found: dict[str, bool] = {}
        for output in signature.outputs.values():
            found |= _of_tensor(meta_graph.graph_def, output.name)
        found |= dict.fromkeys(specs.problems(signature), False)
        for message, is_error in found.items():
            yield Problem(f"signature {name}: {message}", is_error)
    if not saved_model.signatures(meta_graph):
        yield Problem("there is no signature, so no request can be answered", True)
    elif "serving_default" not in meta_graph.signature_def:
        yield Problem("signature serving_default is missing; requests that name none fail", False)


def _of_tensor(graph, tensor: str) -> dict[str, bool]:
    """Returns the problems of the operations that compute a tensor: message to `is_error`."""
    found: dict[str, bool] = {}

    def enter(node, function) -> bool:
        if function.attr["_XlaMustCompile"].b:
            found[f"function {function.signature.name} {_MESSAGES['xla']}"] = True
            return False
        return True

    for node in graph_walk.operations(graph, tensor, lambda n, f: not _problem(n) and enter(n, f)):
        if problem := _problem(node):
            found[f"operation {node.name} ({node.op}) {_MESSAGES[problem]}"] = problem != "random"
    return found


def _problem(node) -> str | None:
    if node.op in _PYTHON:
        return "python"
    if "Random" in node.op or node.op in ("Multinomial", "TruncatedNormal"):
        stateless = node.op.startswith("Stateless") or node.op == "RandomIndexShuffle"
        return None if stateless else "random"
    if node.op.startswith("Rng"):  # tf.random.Generator
        return "random"
    if node.op.startswith("Stateful") and "PartitionedCall" not in node.op:
        return "random"
    return "xla" if node.attr["_XlaMustCompile"].b else None
