"""Finds loops in a graph: without one, what a row costs is bounded by the size of the graph."""

from __future__ import annotations

from tensorflow.core.framework import graph_pb2

from storage import graph_walk

_LOOPS = {"While", "StatelessWhile", "For", "LoopCond", "ReduceDataset", "ScanDataset"}


def has_loop(graph: graph_pb2.GraphDef, tensor: str) -> bool:
    """Whether computing a tensor runs a loop, also in the functions that are called.

    Args:
        graph: The graph and its functions.
        tensor: Name of a tensor in it, such as `StatefulPartitionedCall:0`.
    """
    return any(node.op in _LOOPS for node in graph_walk.operations(graph, tensor))
