"""What a SavedModel consists of: its signatures and the files that its graph needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_VARIABLES = ("VarHandleOp", "VariableV2", "Variable")


def signatures(meta_graph) -> dict[str, Any]:
    """Returns the SignatureDefs by name, sorted, without TensorFlow's internal ones."""
    found = sorted(meta_graph.signature_def.items())
    return {name: signature for name, signature in found if not name.startswith("__")}


def first_missing(version: Path, meta_graph) -> str | None:
    """Returns a file that the graph needs and the folder lacks, such as `assets/words.txt`.

    TensorFlow reports missing files late: it loads a model without its variables, which then fails
    at the first call.

    Args:
        version: the SavedModel's folder.
        meta_graph: its MetaGraphDef.

    Returns:
        The path within the folder, or None if the SavedModel is whole.
    """
    needed = [f"assets/{asset.filename}" for asset in meta_graph.asset_file_def]
    if any(node.op in _VARIABLES for node in meta_graph.graph_def.node):
        needed.append("variables/variables.index")
    return next((name for name in needed if not (version / name).is_file()), None)
