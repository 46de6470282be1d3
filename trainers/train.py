"""Trains a model: `python -m trainers.train --config=NAME --workdir=runs/NAME`.

NAME is a published config (a file of trainers/configs), such as vae_mnist, or a file of your own.
Every field of the config is a flag: --config.model.beta=8. Rerun the command to resume. On SIGTERM
a run saves and exits with code 143. With several workers (see trainers.launch) each runs this
command; if one is lost, the others exit with code 75.
"""

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
from storage import atomic
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
    "auto",
    ["auto", "on", "off"],
    "Whether XLA compiles the steps; auto measures both once and prints its choice, and takes off "
    f"for runs of up to {jit.SHORT_RUN} steps.",
)
ESTIMATE = flags.DEFINE_bool(
    "estimate", False, "Only measure the steps and print how long the run would take."
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


def _jit(model, data, config, directory: pathlib.Path, say) -> jit.Choice:
    """Whether XLA compiles the steps: as when the run was begun, since its steps would differ."""
    if model.distribute_strategy.num_replicas_in_sync > 1:
        if JIT.value == "on":
            raise ValueError(
                "--jit=on is for one device: XLA cannot compile the steps of several replicas"
            )
        return jit.Choice(False)
    stored = run_directory.jit_choice(directory)
    if stored is not None:
        if JIT.value == ("off" if stored.on else "on"):
            raise run_directory.RunError(
                f"workdir {directory} was begun with --jit={'on' if stored.on else 'off'}, and its "
                f"steps would differ with --jit={JIT.value}; give another --workdir"
            )
        return stored
    if JIT.value == "off" or (JIT.value == "auto" and config.steps <= jit.SHORT_RUN):
        chosen = jit.Choice(False)
    else:
        timing = _measured(model, data, config.batch_size, say)
        chosen = jit.Choice(timing.faster if JIT.value == "auto" else True, timing)
        if JIT.value == "on" and timing.on is None:
            raise ValueError(f"--jit=on: XLA cannot compile {config.model.name}: {timing.reason}")
    atomic.write_json(directory / run_directory.JIT_FILE, chosen.to_json())
    return chosen


def _measured(model, data, batch_size: int, say) -> jit.Timing:
    say("measuring the steps with XLA and without; compiling takes up to 15 s")
    timing = jit.measure(model, data, batch_size)
    compiled = f"{timing.on:.2f} ms with XLA" if timing.on else f"XLA cannot: {timing.reason}"
    say(f"--jit={'on' if timing.faster else 'off'}: {timing.off:.2f} ms a step, {compiled}")
    return timing


def _print_estimate(model, data, config, say) -> None:
    """Prints the time of the run, from steps that are measured and undone."""
    timing = _measured(model, data, config.batch_size, say)
    milliseconds = timing.on if timing.faster and timing.on else timing.off
    hours = config.steps * milliseconds / 3_600_000
    say(
        f"{config.steps:,} steps of {milliseconds:.2f} ms: about "
        + (f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes")
        + " on this machine as busy as it is now, evaluations and checkpoints not included"
    )


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
    if ESTIMATE.value:
        _print_estimate(model, data, config, say)
        return
    directory = run_directory.claim(program.WORKDIR.value, config, write=chief)
    if config.output_bias_from_data:
        model.decoder.set_output_mean(mean_image(data))
    say(
        f"{config.model.name} of {model.count_params():,} parameters on {config.data.name}, "
        f"{data.num_examples:,} examples; {config.steps:,} steps of {config.batch_size}"
    )
    chosen = _jit(model, data, config, directory, say)
    model.jit_compile = chosen.on
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
            chosen.milliseconds,
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
