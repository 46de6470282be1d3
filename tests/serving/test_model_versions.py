from contextlib import contextmanager

import pytest

from serving.config.model_config import ModelConfig, VersionPolicy
from serving.engine.model_versions import ModelVersions, State
from serving.errors import LoadError, ServingError


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

    return ModelVersions(ModelConfig("m", tmp_path), load)


def add(model, *names, broken=False):
    for name in names:
        (model.config.base_path / name).mkdir()
        if broken:
            (model.config.base_path / name / "broken").touch()


@contextmanager
def use(model, *version):
    version = model.acquire(*version)
    yield version.number, version.session
    model.release(version)


def served(model):
    return [version.number for version in model.available()]


def states(model):
    return {version.number: version.state for version in model.versions()}


def test_latest_integer_is_served(model, log):
    add(model, "2", "10", "x11", "12.tmp")
    (model.config.base_path / "13").touch()
    model.poll()
    assert log == ["load 10"]
    with use(model) as (number, session):
        assert (number, session.number) == (10, 10)
    with pytest.raises(ServingError, match=r"Specific\(m, 2\)"), use(model, 2):
        pass


def test_new_version_loads_before_the_old_unloads_after_its_requests(model, log):
    add(model, "1")
    model.poll()
    with use(model) as (number, _):
        add(model, "2")
        model.poll()
        assert number == 1
        assert log == ["load 1", "load 2"]
        assert states(model) == {1: State.UNLOADING, 2: State.AVAILABLE}
        with use(model) as (latest, _):
            assert latest == 2
        with pytest.raises(ServingError), use(model, 1):
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
    assert log == ["load 1", "break 2"]  # Not tried again until its folder is replaced.
    assert states(model) == {1: State.AVAILABLE, 2: State.END}
    assert model.versions()[1].error == "2 is broken"
    (model.config.base_path / "2" / "broken").unlink()
    (model.config.base_path / "2").rename(model.config.base_path / "aside")
    model.poll()
    (model.config.base_path / "aside").rename(model.config.base_path / "2")
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
    (model.config.base_path / "2").rmdir()
    model.poll()
    assert log == ["load 2", "load 1", "close 2"]
    (model.config.base_path / "1").rmdir()
    model.poll()
    model.config.base_path.rmdir()
    model.poll()
    assert [version.number for version in model.available()] == [1]  # The last version stays.


def set_policy(model, **policy):
    model.config = ModelConfig("m", model.config.base_path, VersionPolicy(**policy))


def test_policies(model, log):
    add(model, "1", "2", "4", "5")
    add(model, "3", broken=True)
    set_policy(model, latest=3)
    model.poll()
    assert served(model) == [2, 4, 5]
    set_policy(model, latest=None)
    model.poll()
    assert served(model) == [1, 2, 4, 5]
    set_policy(model, latest=None, specific=frozenset({2, 3}))
    model.poll()
    assert served(model) == [2]
    set_policy(model, latest=None, specific=frozenset({3, 9}))
    model.poll()
    assert served(model) == [2]  # The last version stays.
    assert log.count("break 3") == 1


def test_labels_change_between_requests(model):
    add(model, "1", "2")
    set_policy(model, latest=None)
    model.poll()
    model.set_labels({"stable": 1})
    with use(model, None, "stable") as (number, _):
        assert number == 1
    model.set_labels({"stable": 2})
    with use(model, None, "stable") as (number, _):
        assert number == 2
    with pytest.raises(ServingError, match="Unrecognized servable version label: canary"):
        model.acquire(label="canary")


def test_links(model, log, tmp_path_factory):
    add(model, "1")
    base_path, outside = model.config.base_path, tmp_path_factory.mktemp("outside")
    (base_path / "2").symlink_to("2")
    (base_path / "3").symlink_to("nowhere")
    (base_path / "4").symlink_to(outside)
    (base_path / "5").symlink_to("1")
    (base_path / str(10**30)).mkdir()
    set_policy(model, latest=None)
    model.poll()
    assert served(model) == [1, 5]
    errors = {version.number: version.error for version in model.versions()}
    assert "symbolic links" in errors[2]
    assert "No such file" in errors[3]
    assert f"outside the base path; copy the version into {base_path}" in errors[4]
    assert states(model)[4] == State.END


def test_a_folder_that_vanishes_while_it_loads(model, log):
    add(model, "1")
    model.poll()
    (model.config.base_path / "2").mkdir()
    load = model._load

    def vanish(path):
        path.rmdir()
        raise LoadError(f"{path} is gone")

    model._load = vanish
    model.poll()
    model._load = load
    model.poll()
    assert served(model) == [1]
    assert model.versions()[1].error.endswith("is gone")  # Still listed.
    add(model, "2")
    model.poll()
    assert served(model) == [2]


def test_an_unforeseen_failure_is_one_of_its_version(model):
    add(model, "1")
    model.poll()
    add(model, "2")

    def fail(path):
        raise ZeroDivisionError("never seen")

    model._load = fail
    model.poll()
    assert served(model) == [1]
    assert model.versions()[1].error == "ZeroDivisionError: never seen"
