import numpy as np
import pytest
import tensorflow as tf

from tfvae import noise


@pytest.mark.parametrize("draw", [noise.normal, noise.uniform])
def test_replicas_draw_their_rows_of_the_whole(draw, mirrored):
    seeds = noise.seed_rows(3, 6)

    @tf.function
    def on_replicas():
        def part():
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            return draw(seeds[3 * number : 3 * number + 3], 37, 2)

        return mirrored.experimental_local_results(mirrored.run(part))

    np.testing.assert_array_equal(np.concatenate(on_replicas(), axis=1), draw(seeds, 37, 2))
