import json
import pathlib
import subprocess
import sys

from tests import durations

# A test that starts a child, which works and is left running, as a server or a fork server is.
TEST = """
import subprocess, sys

def test_it(request):
    burn = "import time\\nwhile time.process_time() < 0.3: pass\\nprint(); open(0).read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    request.config.child = subprocess.Popen([sys.executable, "-uc", burn], **pipes)
    assert request.config.child.stdout.readline()
"""


def test_workers_record_running_children(tmp_path):
    for name in "ab":
        (tmp_path / f"test_{name}.py").write_text(TEST)
    flags = ["-p", "tests.durations", f"--record-durations={tmp_path}/new/record.json", "-n2"]
    command = [sys.executable, "-m", "pytest", f"--rootdir={tmp_path}", *flags, tmp_path]
    subprocess.run(command, cwd=pathlib.Path(__file__).parents[1], check=True)
    tests = json.loads((tmp_path / "new/record.json").read_text())["tests"]
    assert set(tests) == {"test_a.py::test_it", "test_b.py::test_it"}
    assert min(processor for _, processor in tests.values()) > 0.25


def test_sums():
    tests = {
        "tests/conformance/test_a.py::test[2 workers-VAE, ladder]": [1.0, 2.0],
        "tests/conformance/test_a.py::test[VAE]": [3.0, 4.0],
        "tests/conformance/test_b.py::test[VAE-int8]": [5.0, 6.0],
        "tests/serving/test_c.py::test[VAE]": [7.0, 8.0],
    }
    kinds = {"one modality": ["VAE", "VAE, ladder"], "several modalities": ["JMVAE"]}
    printed = " ".join("\n".join(durations.lines({"wall": 9.0, "tests": tests}, kinds)).split())
    assert "3 9.0 12.0 tests/conformance 1 7.0 8.0 tests/serving" in printed
    assert "1 5.0 6.0 tests/conformance/test_b.py" in printed
    models = "2 8.0 10.0 VAE 1 1.0 2.0 VAE, ladder 2 4.5 6.0 one further model (the mean)"
    assert models in printed
