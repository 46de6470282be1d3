"""The commands that an installation gives."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
COMMANDS = re.findall(r'"(tfvae-\w+)=([\w.]+):(\w+)"', (ROOT / "setup.py").read_text())


@pytest.mark.parametrize(("command", "module", "function"), COMMANDS)
def test_each_is_a_function_of_a_module(command, module, function):
    # Read and not imported: two programs in one process would define the same flags.
    source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text()
    names = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert function in names, command
