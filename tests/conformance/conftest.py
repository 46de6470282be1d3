import pytest
import tensorflow as tf

pytest.register_assert_rewrite("tests.conformance.promises", "tests.conformance.subject")

# Two devices of one CPU; set before any operation runs, since TensorFlow then fixes its devices.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(scope="session")
def mirrored():
    """The process's only MirroredStrategy: a second would reuse its collective keys."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def pytest_generate_tests(metafunc):
    """Runs the promises of a class for each of its `entries`, one entry after another."""
    if "subject" not in metafunc.fixturenames:
        return
    from tests.conformance.entries import EVERY_RUN  # noqa: PLC0415

    names = getattr(metafunc.function, "in_every_run", EVERY_RUN)
    entries = [
        pytest.param(entry, id=entry.name, marks=[pytest.mark.slow] * (entry.name not in names))
        for entry in metafunc.cls.entries
    ]
    metafunc.parametrize("subject", entries, indirect=True, scope="class")


@pytest.fixture(scope="class")
def subject(request, tmp_path_factory):
    """The entry's model, trained once for all promises of its class."""
    from tests.conformance.subject import Subject  # noqa: PLC0415

    return Subject(request.param, tmp_path_factory.mktemp("subject"))
