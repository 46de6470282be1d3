"""What may not be in an exported graph, found by name before a server finds it."""

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
_MESSAGES = {
    "python": "runs Python, which no server has",
    "random": "draws from a hidden state; draw by seed rows (tfvae.noise)",
    "xla": "must be compiled by XLA, which the stock server does not do; drop jit_compile",
}


class ExportError(RuntimeError):
    """A model cannot be served as it was exported; the message names the signature and the op."""


def lint(path: str) -> None:
    """Checks the graph at `path` (a directory with saved_model.pb).

    Raises:
        ExportError: for a Python function, a stateful random operation or an XLA-only function,
            naming the signature that reaches it and the operation.
    """
    with tf.io.gfile.GFile(f"{path}/saved_model.pb", "rb") as file:
        graph = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs[0]
    library = {f.signature.name: f for f in graph.graph_def.library.function}
    nodes = {node.name: node for node in graph.graph_def.node}
    for name, signature in graph.signature_def.items():
        for output in signature.outputs.values():
            root = nodes.get(output.name.split(":")[0])
            if root is not None:
                _lint_node(name, root, library, set())


def _lint_node(signature: str, node, library: dict, seen: set[str]) -> None:
    problem = _problem(node)
    if problem:
        raise ExportError(
            f"signature {signature}: operation {node.name} ({node.op}) {_MESSAGES[problem]}"
        )
    called = [node.op] + [attr.func.name for attr in node.attr.values() if attr.HasField("func")]
    called += [f.name for attr in node.attr.values() for f in attr.list.func]
    for function in called:
        if function in library and function not in seen:
            seen.add(function)
            if library[function].attr["_XlaMustCompile"].b:
                raise ExportError(f"signature {signature}: function {function} {_MESSAGES['xla']}")
            for inner in library[function].node_def:
                _lint_node(signature, inner, library, seen)


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
