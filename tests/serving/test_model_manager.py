import threading

import grpc
import pytest
from tensorflow_serving.apis.model_pb2 import ModelSpec

from serving.config import config_files, config_pb2
from serving.config.config_files import ConfigError
from serving.config.model_config import ModelConfig, VersionPolicy, validated
from serving.engine.model_manager import ModelManager
from serving.engine.poller import Poller
from serving.errors import LoadError, ServingError
from tests.serving.serving_helpers import wait_until


class FakeSession:
    def __init__(self, path):
        if path.name == "13":
            raise LoadError("13 is broken")
        self.path, self.closed = path, False

    def close(self):
        self.closed = True


@pytest.fixture
def models():
    return ModelManager(FakeSession)


def config(path, *versions, **options):
    path.mkdir(exist_ok=True)
    for version in versions:
        (path / str(version)).mkdir(exist_ok=True)
    return ModelConfig(path.name, path, **options)


def refused(models, name, **version):
    with pytest.raises(ServingError) as caught, models.use(ModelSpec(name=name, **version)):
        pass
    return caught.value.message


def test_several_models(models, tmp_path):
    models.reload([config(tmp_path / "a", 1), config(tmp_path / "b", 2, 3)])
    with models.use(ModelSpec(name="b")) as (number, session):
        assert (number, session.path) == (3, tmp_path / "b" / "3")
    assert models.describe() == "a version 1, b version 3"
    assert refused(models, "c") == "Servable not found for request: Latest(c)"
    config(tmp_path / "a", 2)
    models.poll()
    assert models.describe() == "a version 2, b version 3"


def test_models_left_out_are_unloaded_after_their_requests(models, tmp_path):
    a, b = config(tmp_path / "a", 1), config(tmp_path / "b", 1)
    models.reload([a])
    with models.use(ModelSpec(name="a")) as (_, session):
        models.reload([b])
        assert not session.closed
        assert refused(models, "a") == "Servable not found for request: Latest(a)"
    assert session.closed
    assert [version.state.name for version in models.find("a").versions()] == ["END"]
    models.reload([a, b])
    assert models.describe() == "a version 1, b version 1"


def test_another_base_path(models, tmp_path):
    models.reload([config(tmp_path / "a", 1)])
    with models.use(ModelSpec(name="a")) as (_, old):
        config(tmp_path / "b", 1)
        models.reload([ModelConfig("a", tmp_path / "b")])
        with models.use(ModelSpec(name="a")) as (_, new):
            assert new.path == tmp_path / "b" / "1"
    assert old.closed


def test_a_configuration_that_fails_changes_nothing(models, tmp_path):
    both = VersionPolicy(latest=2)
    models.reload([config(tmp_path / "a", 1, policy=both, labels={"stable": 1})])
    bad = [config(tmp_path / "a", 2), config(tmp_path / "b", 13)]
    with pytest.raises(
        ServingError, match=r"no version of model b .*version 13: 13 is broken"
    ) as e:
        models.reload(bad)
    assert e.value.code is grpc.StatusCode.FAILED_PRECONDITION
    bad = [config(tmp_path / "a", labels={"stable": 9})]
    with pytest.raises(ServingError, match="label stable to version 9 of model a, which is not"):
        models.reload(bad)
    with models.use(ModelSpec(name="a", version_label="stable")) as (number, _):
        assert number == 1
    models.poll()
    assert models.describe() == "a version 1 and 2"
    lenient = ModelManager(FakeSession, allow_labels_for_unavailable=True)
    lenient.reload(bad)
    assert refused(lenient, "a", version_label="stable").endswith("Specific(a, 9)")


def test_a_label_moves_without_a_gap(models, tmp_path):
    path = tmp_path / "a"
    config(path, 1, 2)

    def labelled(number):
        only = VersionPolicy(latest=None, specific=frozenset({number}))
        return ModelConfig("a", path, only, {"stable": number})

    models.reload([labelled(1)])
    stop, seen = threading.Event(), set()

    def ask():
        while not stop.is_set():
            with models.use(ModelSpec(name="a", version_label="stable")) as (number, session):
                assert not session.closed
                seen.add(number)

    asker = threading.Thread(target=ask)
    asker.start()
    for turn in range(200):
        models.reload([labelled(1 + turn % 2)])
    stop.set()
    asker.join()
    assert seen <= {1, 2}
    assert asker.is_alive() is False
    with models.use(ModelSpec(name="a", version_label="stable")) as (number, _):
        assert number == 2


POLICY = "model_version_policy"
MODEL = 'name: "a" base_path: "/a" model_platform: "tensorflow"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be configured by a model_config_list"),
        ("model_config_list { config { } }", "has no name"),
        (
            f"model_config_list {{ config {{ {MODEL} }} config {{ {MODEL} }} }}",
            "Illegal to list model a multiple times in config list",
        ),
        (
            'model_config_list { config { name: "a" base_path: "/a" } }',
            "Illegal setting neither",
        ),
        (
            f"model_config_list {{ config {{ {MODEL.replace('/a', 'a')} }} }}",
            r"Expected model a to have an absolute path or URI; got base_path\(\)=a",
        ),
        (
            f"model_config_list {{ config {{ {MODEL.replace('tensorflow', 'jax')} }} }}",
            "model a has platform 'jax'",
        ),
        (
            f"model_config_list {{ config {{ {MODEL} {POLICY} {{ specific {{ }} }} }} }}",
            "names no versions",
        ),
    ],
)
def test_configurations_that_are_refused(text, message):
    parsed = config_files.parse("f", text.encode(), config_pb2.ModelServerConfig())
    with pytest.raises(ConfigError, match=message):
        validated(parsed)


def test_policies_are_read():
    policies = {
        "": VersionPolicy(),
        "model_version_policy { latest { num_versions: 2 } }": VersionPolicy(latest=2),
        "model_version_policy { all { } }": VersionPolicy(latest=None),
        "model_version_policy { specific { versions: 2 versions: 7 } }": VersionPolicy(
            latest=None, specific=frozenset({2, 7})
        ),
    }
    for text, policy in policies.items():
        models = f"model_config_list {{ config {{ {MODEL} {text} }} }}"
        parsed = config_files.parse("f", models.encode(), config_pb2.ModelServerConfig())
        assert [model.policy for model in validated(parsed)] == [policy]


def test_the_poller_survives_a_failure():
    calls = []

    def fail():
        calls.append(1)
        raise ZeroDivisionError

    poller = Poller(fail, 0.001, "test")
    poller.start()
    wait_until(lambda: len(calls) > 2)
    poller.stop()
    assert not poller._thread.is_alive()
