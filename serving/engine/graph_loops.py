"""Finds loops in a graph: without one, what a row costs is bounded by the size of the graph."""

from __future__ import annotations

from collections.abc import Iterable

from tensorflow.core.framework import graph_pb2, node_def_pb2

_LOOPS = {"While", "StatelessWhile", "For", "LoopCond", "ReduceDataset", "ScanDataset"}


def has_loop(graph: graph_pb2.GraphDef, tensor: str) -> bool:
    """Whether computing a tensor runs a loop, also in the functions that are called.

    Args:
        graph: The graph and its functions.
        tensor: Name of a tensor in it, such as `StatefulPartitionedCall:0`.
    """
    functions = {f.signature.name: f.node_def for f in graph.library.function}
    waiting = _ancestors(graph, tensor.partition(":")[0])
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.op in _LOOPS:
            return True
        called = {name for name in _called(node) if name in functions} - seen
        seen |= called
        waiting.extend(body for name in called for body in functions[name])
    return False


def _ancestors(graph: graph_pb2.GraphDef, name: str) -> list[node_def_pb2.NodeDef]:
    """A node and all that it needs."""
    nodes = {node.name: node for node in graph.node}
    found, waiting = {}, [name]
    while waiting:
        node = nodes[waiting.pop()]
        if node.name not in found:
            found[node.name] = node
            waiting.extend(source.lstrip("^").partition(":")[0] for source in node.input)
    return list(found.values())


def _called(node: node_def_pb2.NodeDef) -> Iterable[str]:
    yield node.op
    for attribute in node.attr.values():
        yield attribute.func.name
        for function in attribute.list.func:
            yield function.name
