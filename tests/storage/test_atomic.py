import pytest

from storage import atomic, csv_table


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_when_whole_and_kept_if_writing_fails(tmp_path, durable):
    path = tmp_path / "facts.json"
    atomic.write_json(path, {"step": 1}, durable)
    with pytest.raises(KeyboardInterrupt), atomic.replacing(path, durable) as partial:
        partial.write_text("a part")
        assert path.read_text() == '{\n  "step": 1\n}\n'
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [path]
    atomic.write_text(path, "new", durable)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("new", [path])


def test_a_folder_appears_when_whole(tmp_path):
    with pytest.raises(ValueError, match="broken"), atomic.replacing(tmp_path / "1") as partial:
        (partial / "variables").mkdir(parents=True)
        raise ValueError("broken")
    assert not list(tmp_path.iterdir())
    with atomic.replacing(tmp_path / "1") as partial:
        (partial / "variables").mkdir(parents=True)
        assert partial.match(f".*{atomic.SUFFIX}")  # as resumed preparations find leftovers
    assert (tmp_path / "1/variables").is_dir()


def test_writers_of_one_file_do_not_meet(tmp_path):
    with atomic.replacing(tmp_path / "a") as first, atomic.replacing(tmp_path / "a") as second:
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a").read_text() == "first"


def test_rows_of_a_table_may_differ_in_their_columns(tmp_path):
    path = tmp_path / "table.csv"
    csv_table.write(path, [{"b": 1}, {"c": 2, "a": "x,y"}], first=["a"])
    assert path.read_text().splitlines() == ["a,b,c", ",1,", '"x,y",,2']
