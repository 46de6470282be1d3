"""Which of several workers this process is."""

import tensorflow as tf


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this worker writes for all: the chief, or worker 0 where there is none."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    has_chief = "chief" in resolver.cluster_spec().jobs
    return resolver.task_type == "chief" or (
        resolver.task_type == "worker" and resolver.task_id == 0 and not has_chief
    )
