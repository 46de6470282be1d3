"""Trains a model: `python -m trainers.train --config=NAME --workdir=runs/NAME`.

NAME is a published config (a file of trainers/configs), such as vae_mnist, or a file of your own.
Every field of the config is a flag: --config.model.beta=8. Rerun the command to resume. On SIGTERM
a run saves and exits with code 143. With several workers (see trainers.launch) each runs this
command; if one is lost, the others exit with code 75.
"""

import json
import pathlib
import sys
import time

from trainers import program  # first: quiets TensorFlow
from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
import tensorflow as tf
from absl import flags

from programs import interrupts
from programs.quiet import quiet_import
from tfvae.training import jit
from tfvae.training.run import train
from tfvae.training.stopping import Preempted
from tfvae.training.workers import WorkerLostError, is_chief
from trainers.experiments import define_config_flag
from trainers.runs.construct import (
    build_data,
    build_model,
    check_names,
    check_output_bias,
    mean_image,
)
from trainers.workers import cluster
from trainers.workers.agreement import require_agreement

CONFIG = define_config_flag("The experiment: the name of a published config, or a file.")
PRECISION = flags.DEFINE_enum(
    "precision", None, ["float32", "bfloat16", "float16"], "Short for --config.precision."
)
STRATEGY = flags.DEFINE_enum(
    "strategy",
    "one_device",
    ["one_device", "mirrored", "multi_worker"],
    "One device, all devices of this machine, or all devices of several workers.",
)
CLUSTER = flags.DEFINE_enum(
    "cluster",
    "auto",
    cluster.KINDS,
    "Where --strategy=multi_worker reads the list of workers; auto: from the environment.",
)
JIT = flags.DEFINE_enum(
    "jit",
    "off",
    ["auto", "on", "off"],
    "Whether XLA compiles the steps; auto measures both once and prints its choice.",
)
flags.mark_flag_as_required("config")

# Exit codes after which the command can be rerun to resume; 1 is an error to correct first.
PREEMPTED, WORKER_LOST = 143, 75


def _strategy() -> tf.distribute.Strategy:
    if STRATEGY.value == "mirrored":
        return tf.distribute.MirroredStrategy()
    if STRATEGY.value == "multi_worker":
        found = cluster.resolver(CLUSTER.value)
        with quiet_import():  # each worker prints a line about its server
            return tf.distribute.MultiWorkerMirroredStrategy(found)
    return tf.distribute.get_strategy()


def _jit(model, data, batch_size: int, directory: pathlib.Path, say) -> bool:
    """Whether XLA compiles the steps: as the run was started, since its steps would differ."""
    if model.distribute_strategy.num_replicas_in_sync > 1:
        if JIT.value == "on":
            raise ValueError(
                "--jit=on is for one device: XLA cannot compile the steps of several replicas"
            )
        return False
    path = directory / run_directory.JIT_FILE
    stored = json.loads(path.read_text())["jit"] if path.exists() else None
    if stored is not None:
        if JIT.value == ("off" if stored else "on"):
            raise run_directory.RunError(
                f"workdir {directory} was begun with --jit={'on' if stored else 'off'}, and its "
                f"steps would differ with --jit={JIT.value}; give another --workdir"
            )
        return stored
    if JIT.value != "auto":
        chosen = JIT.value == "on"
        run_directory.write_json(path, {"jit": chosen})
        return chosen
    timing = jit.measure(model, data, batch_size)
    run_directory.write_json(
        path, {"jit": timing.faster, "milliseconds_per_step": timing._asdict()}
    )
    compiled = f"{timing.on:.1f} ms with XLA" if timing.on else f"XLA cannot: {timing.reason}"
    say(f"--jit={'on' if timing.faster else 'off'}: {timing.off:.1f} ms a step, {compiled}")
    return timing.faster


def main() -> None:
    """Trains the model of --config into --workdir."""
    config = CONFIG.value
    config.precision = PRECISION.value or config.precision
    check_names(config)
    strategy = _strategy()
    require_agreement(strategy, config, jit=JIT.value)
    data, evaluation_data = build_data(config)
    with strategy.scope():
        model = build_model(config, data)
    chief = is_chief(strategy)  # writes files and logs
    say = print if chief else lambda *_: None
    if config.output_bias_from_data:
        check_output_bias(model)
    directory = run_directory.claim(program.WORKDIR.value, config, write=chief)
    if config.output_bias_from_data:
        model.decoder.set_output_mean(mean_image(data))
    say(
        f"{config.model.name} of {model.count_params():,} parameters on {config.data.name}, "
        f"{data.num_examples:,} examples; {config.steps:,} steps of {config.batch_size}"
    )
    model.jit_compile = _jit(model, data, config.batch_size, directory, say)
    started = time.perf_counter()
    checkpoints = directory / "checkpoints"
    try:
        first = train(
            model,
            data,
            directory,
            config.steps,
            config.batch_size,
            config.log_every,
            evaluation_data if config.evaluation.examples_in_training else None,
            config.evaluation.examples_in_training,
        )
    except KeyboardInterrupt:
        step = int(model.step)
        say(
            f"\nstopped at step {step}; the same command resumes from the last checkpoint in "
            f"{checkpoints}"
        )
        raise SystemExit(interrupts.INTERRUPTED) from None
    except Preempted:
        say(f"\npreempted; step {int(model.step)} is saved, and the same command resumes there")
        raise SystemExit(PREEMPTED) from None
    except WorkerLostError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(WORKER_LOST) from None
    taken = int(model.step) - first
    seconds = time.perf_counter() - started
    resumed = f"resumed at step {first:,}; " if first else ""
    say(
        f"{resumed}{taken:,} steps in {seconds:.0f} s; everything is in {directory}: "
        "config.json, checkpoints/, metrics.csv, TensorBoard events"
    )


def cli() -> None:
    """Entry point."""
    program.run(main)


if __name__ == "__main__":
    cli()
