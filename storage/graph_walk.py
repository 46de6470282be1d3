"""Walks the graph of a SavedModel: the operations of a tensor, also inside functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def operations(
    graph, tensor: str, enter: Callable[[object, object], bool] = lambda node, function: True
) -> Iterator:
    """Yields the operations that compute a tensor, and those of the functions that they call.

    Args:
        graph: a GraphDef with its functions.
        tensor: name of a tensor in it, such as `StatefulPartitionedCall:0`.
        enter: whether to go into a function, given the calling NodeDef and the FunctionDef.

    Yields:
        NodeDefs, each function's once; a NodeDef comes before those of the functions it calls.
    """
    functions = {function.signature.name: function for function in graph.library.function}
    entered: set[str] = set()

    def with_called(node) -> Iterator:
        yield node
        for name in _called(node):
            if name in functions and name not in entered and enter(node, functions[name]):
                entered.add(name)
                for inner in functions[name].node_def:
                    yield from with_called(inner)

    for node in _ancestors(graph, tensor):
        yield from with_called(node)


def _ancestors(graph, tensor: str) -> Iterator:
    """Yields the operation of a tensor and all that it needs, outside functions."""
    nodes = {node.name: node for node in graph.node}
    waiting, met = [tensor], set()
    while waiting:
        name = waiting.pop().removeprefix("^").partition(":")[0]
        if name in nodes and name not in met:
            met.add(name)
            yield nodes[name]
            waiting += nodes[name].input


def _called(node) -> Iterator[str]:
    """Yields the names that may be functions: the operation's own and its attributes'."""
    yield node.op
    for attribute in node.attr.values():
        yield attribute.func.name
        for function in attribute.list.func:
            yield function.name
