import pathlib
import re

from tests import programs

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_python_example_runs_as_printed(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(code.strip().splitlines()) <= 14
    (tmp_path / "printed.py").write_text(code)
    finished = programs.run("printed", cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "saved_models/shapes/1/saved_model.pb").exists()


def test_links_lead_to_files():
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_models_of_the_tables_are_public():
    import tfvae  # noqa: PLC0415

    cells = re.findall(r"^\| (`[A-Z]\w+`(?:, `\w+`)*) \|", README, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert {"VAE", "JMVAE"} <= named <= set(tfvae.__all__)
