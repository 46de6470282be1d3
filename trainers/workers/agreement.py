"""Checks that the workers of a training job were started alike."""

import importlib.metadata
import json

import tensorflow as tf
from ml_collections import ConfigDict

import tfvae
from tfvae.training import workers
from trainers.runs.run_directory import RunError, differences

PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "numpy")


def require_agreement(strategy: tf.distribute.Strategy, config: ConfigDict, **flags) -> None:
    """Checks that all workers have one config, one set of versions and the same flags.

    Every worker must call it, before any collective operation.

    Args:
        strategy: the strategy that the workers share.
        config: this worker's config.
        flags: further values that must be the same, by name.

    Raises:
        RunError: on every worker, with the values that differ and their workers.
    """
    names = workers.names(strategy)
    if len(names) == 1:
        return
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    started = {
        "config": json.loads(config.to_json()),
        "versions": {"tfvae": tfvae.__version__, **versions},
        "flags": flags,
    }
    texts = workers.gathered_texts(strategy, json.dumps(started))
    first, *others = (json.loads(text) for text in texts)
    lines = [
        f"  {field}: {ours!r} on {names[0]}, {theirs!r} on {name}"
        for name, other in zip(names[1:], others, strict=True)
        for field, ours, theirs in differences(first, other)
    ]
    if lines:
        raise RunError(
            "the workers were not started alike:\n"
            + "\n".join(lines)
            + "\nStart all of them with the same command and the same version of tfvae"
        )
