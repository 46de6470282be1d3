import pytest
import tensorflow as tf

# Two devices of one CPU; set before anything runs, since TensorFlow then fixes its devices.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(scope="session")
def mirrored():
    """The process's only MirroredStrategy: a second would reuse its collective keys."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
