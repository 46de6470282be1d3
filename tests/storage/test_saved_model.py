import pytest
from tensorflow.core.protobuf import meta_graph_pb2

from storage import saved_model


@pytest.mark.parametrize("operation", ["VarHandleOp", "VariableV2", "Variable"])
def test_missing_assets_and_variables_are_found(tmp_path, operation):
    graph = meta_graph_pb2.MetaGraphDef()
    assert saved_model.first_missing(tmp_path, graph) is None
    graph.graph_def.node.add(op=operation)
    graph.asset_file_def.add(filename="words.txt")
    for file in ("assets/words.txt", "variables/variables.index"):
        assert saved_model.first_missing(tmp_path, graph) == file
        (tmp_path / file).mkdir(parents=True)  # a folder is no file
        assert saved_model.first_missing(tmp_path, graph) == file
        (tmp_path / file).rmdir()
        (tmp_path / file).write_bytes(b"")
    assert saved_model.first_missing(tmp_path, graph) is None


def test_internal_signatures_are_left_out():
    graph = meta_graph_pb2.MetaGraphDef()
    for name in ("sample", "__saved_model_init_op", "encode"):
        graph.signature_def[name].method_name = name
    found = saved_model.signatures(graph)
    assert list(found) == ["encode", "sample"]
    assert found["encode"].method_name == "encode"
