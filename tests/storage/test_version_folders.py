import pytest

import tfvae
from storage import version_folders
from tfvae.saved_model.versions import version_directory, versions


@pytest.fixture
def base_path(tmp_path):
    for name in ("2", "03", ".partial-9-0", "x1", "\u0664", str(2**63), "assets"):
        (tmp_path / name).mkdir()
    (tmp_path / "7").write_text("a plain file")
    (tmp_path / "5").symlink_to("nowhere")
    return tmp_path


def test_versions_are_folders_and_links_with_decimal_names(base_path):
    found = {2: base_path / "2", 3: base_path / "03", 5: base_path / "5"}
    assert version_folders.find(base_path) == found


def test_exporter_and_loader_find_the_same(base_path, tiny_model):
    assert versions(base_path) == [2, 3, 5]
    assert versions(base_path / "nowhere") == []
    (base_path / "5").unlink()
    for name in ("2", "03"):
        (base_path / name / "saved_model.pb").write_bytes(b"")
    assert version_directory(base_path) == base_path / "03"
    with pytest.raises(FileExistsError, match="7 exists; a loaded version is never overwritten"):
        tfvae.export(tiny_model(), base_path, version=7)
    with pytest.raises(ValueError, match=f"version is {2**63}; it must be at most {2**63 - 1}"):
        tfvae.export(tiny_model(), base_path, version=2**63)
