import pytest

from serving.errors import LoadError, ServingError
from serving.models import Models
from serving.servables import Servables, State


class FakeSession:
    def __init__(self, log, number):
        self.log, self.number = log, number
        log.append(f"load {number}")

    def close(self):
        self.log.append(f"close {self.number}")


@pytest.fixture
def log():
    return []


@pytest.fixture
def model(tmp_path, log):
    def load(path):
        if (path / "broken").exists():
            log.append(f"break {path.name}")
            raise LoadError(f"{path.name} is broken")
        return FakeSession(log, int(path.name))

    return Servables("m", tmp_path, load)


def add(model, *names, broken=False):
    for name in names:
        (model.base_path / name).mkdir()
        if broken:
            (model.base_path / name / "broken").touch()


def states(model):
    return {version.number: version.state for version in model.versions()}


def test_latest_integer_is_served(model, log):
    add(model, "2", "10", "x11", "12.tmp")
    (model.base_path / "13").touch()
    model.poll()
    assert log == ["load 10"]
    with model.use() as (number, session):
        assert (number, session.number) == (10, 10)
    with pytest.raises(ServingError, match=r"Specific\(m, 2\)"), model.use(2):
        pass


def test_new_version_loads_before_the_old_unloads_after_its_requests(model, log):
    add(model, "1")
    model.poll()
    with model.use() as (number, _):
        add(model, "2")
        model.poll()
        assert number == 1
        assert log == ["load 1", "load 2"]
        assert states(model) == {1: State.UNLOADING, 2: State.AVAILABLE}
        with model.use() as (latest, _):
            assert latest == 2
        with pytest.raises(ServingError), model.use(1):
            pass
    assert log == ["load 1", "load 2", "close 1"]
    assert states(model) == {1: State.END, 2: State.AVAILABLE}
    model.close()
    assert log[-1] == "close 2"


def test_broken_version_never_replaces_a_good_one(model, log):
    add(model, "1")
    model.poll()
    add(model, "2", broken=True)
    model.poll()
    model.poll()
    assert log == ["load 1", "break 2"]  # Not tried again while its folder stays.
    assert states(model) == {1: State.AVAILABLE, 2: State.END}
    assert model.versions()[1].error == "2 is broken"
    (model.base_path / "2" / "broken").unlink()
    (model.base_path / "2").rename(model.base_path / "aside")
    model.poll()
    (model.base_path / "aside").rename(model.base_path / "2")
    model.poll()
    assert states(model) == {1: State.END, 2: State.AVAILABLE}


def test_start_falls_back_to_the_last_whole_version(model, log):
    add(model, "1", "2")
    add(model, "3", broken=True)
    model.poll()
    assert log == ["break 3", "load 2"]


def test_deleted_versions(model, log):
    add(model, "1", "2")
    model.poll()
    (model.base_path / "2").rmdir()
    model.poll()
    assert log == ["load 2", "load 1", "close 2"]
    (model.base_path / "1").rmdir()
    model.poll()
    model.base_path.rmdir()
    model.poll()
    assert [version.number for version in model.available()] == [1]  # Better than none.


def test_unknown_model(model):
    models = Models([model])
    with pytest.raises(ServingError, match=r"Latest\(other\)"), models.use("other", None):
        pass
