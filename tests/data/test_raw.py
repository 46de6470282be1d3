"""Raw values and what is shown of them: together they are the batches of a data set."""

import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.data.test_dataset import Numbers
from tfvae import data as readers
from tfvae import noise

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1), np.uint8)
DATA = {
    "uint8": lambda: readers.Arrays(IMAGES),
    "uint16": lambda: readers.Arrays(IMAGES.astype(np.uint16) * 257),
    "bool": lambda: readers.Arrays(IMAGES > 100),
    "float": lambda: readers.Arrays(IMAGES.astype(np.float32) / 255),
    "augmented": lambda: Numbers(40, noisy=True),
    "rendered": readers.Shapes2D,
    "a part": lambda: readers.FixedFactors(readers.Shapes2D(), {"shape": 1}),
    "modalities": lambda: readers.Modalities(
        {"image": readers.Arrays(IMAGES), "label": readers.Labels(np.arange(40) % 3)},
        missing={"label": 0.5},
    ),
}


@pytest.mark.parametrize("name", DATA)
def test_raw_batches_shown_on_the_device_are_the_batches(name):
    data, size, steps = DATA[name](), 12, 3
    show = tf.function(data.shown, jit_compile=name != "rendered")
    expected = iter(data.batches(size, seed=5, start_step=2))
    for number, raw in enumerate(data.raw_batches(size, 5, start_step=2, steps=steps).take(2)):
        for i in range(steps):
            step = tf.constant(2 + number * steps + i)
            seeds = noise.training_rows(5, step, tf.constant(0), tf.constant(size))
            part = tf.nest.map_structure(lambda rows, i=i: rows[i], raw)
            shown = show(part, noise.fold_in(seeds, "data"))
            tf.nest.map_structure(np.testing.assert_array_equal, shown, next(expected))


def test_raw_values_are_bytes():
    for name in ("uint8", "bool", "rendered", "a part"):
        data = DATA[name]()
        assert data.raw(tf.constant([0, 3], tf.int64)).dtype.size == 1, name


def test_examples_cannot_be_overridden():
    with pytest.raises(TypeError, match=r"Wrong overrides `examples`; override `shown"):

        class Wrong(tfvae.data.Dataset):
            def examples(self, indices, seeds):
                return self.gather(indices)


def test_a_data_set_gives_values():
    with pytest.raises(NotImplementedError, match="must implement `raw` or `gather`"):
        tfvae.data.Dataset().gather(tf.constant([0]))
