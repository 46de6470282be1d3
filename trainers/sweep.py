"""Trains and compares many runs: `python -m trainers.sweep --sweep=NAME --workdir=runs/NAME`.

A sweep is a published one (a file of trainers/sweeps) by name, a file of your own, or flags:
--config=NAME --grid=model.beta=1,4 --grid=seed=0,1. Each run is trained by trainers.train and
evaluated by trainers.evaluate; their flags --metrics, --votes, --num_samples and --seed work here
too and override the file. Rerun the command to resume: finished runs are skipped. results.csv has
a row for each run.
"""

import ast
import pathlib
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent import futures
from typing import Any

from trainers import program  # first: quiets TensorFlow
from trainers.runs import run_directory  # first: quiets TensorFlow

# isort: split
from absl import flags

import tfvae
from programs import help as program_help
from programs import interrupts
from tfvae.arguments import did_you_mean
from tfvae.construction import lookup, lookup_model
from trainers import evaluate
from trainers.experiments import call, find
from trainers.runs.construct import check_names
from trainers.runs.evaluations import Evaluation, keys_of, missing, newest_step
from trainers.scores import NEED_NO_FACTORS, SCORES
from trainers.sweeping import results_table
from trainers.sweeping.child_processes import Children
from trainers.sweeping.grid import PlannedRun, plan
from trainers.sweeping.sweep_figures import SWEEP_FIGURES, is_number

SWEEP = flags.DEFINE_string("sweep", None, "Published sweep by name, or a file with get_sweep().")
CONFIGS = flags.DEFINE_list("config", [], "Configs to sweep, names or files, in place of --sweep.")
GRID = flags.DEFINE_multi_string(
    "grid", [], "FIELD=VALUE,VALUE: values of a field of the config; repeat for further fields."
)
PROCESSES = flags.DEFINE_integer(
    "processes", 1, "Number of runs at the same time; they share the cores."
)
RANK_BY = flags.DEFINE_string(
    "rank_by", None, "Column to rank by, largest first; by default the first metric, or elbo."
)
FIGURES = flags.DEFINE_list("figures", [], f"Figures of the results: {', '.join(SWEEP_FIGURES)}.")

TABLE_FILE = "results.csv"
LOG_FILE = "sweep.log"
LOG_LINES = 10  # of a failed run, shown


def main() -> None:
    """Sweeps."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as Ctrl-C does
    sweep = _sweep()
    directory = pathlib.Path(program.WORKDIR.value)
    planned = plan(sweep["grids"], directory)
    varied = list(dict.fromkeys(column for run in planned for column in run.varied))
    _check(planned, sweep)
    evaluation = Evaluation(
        sweep["metrics"], evaluate.VOTES.value, sweep["num_samples"], evaluate.SEED.value
    )
    pending = [run for run in planned if _missing(run, evaluation)]
    print(f"{len(planned)} runs in {directory}, {len(planned) - len(pending)} of them finished")

    def write_table() -> list[results_table.Row]:
        rows = [
            results_table.row(run, run_directory.read_results(run.directory, run.config.steps))
            for run in planned
            if not _missing(run, evaluation)
        ]
        if rows:
            results_table.write_csv(rows, varied, directory / TABLE_FILE)
        return rows

    write_table()  # so far, in case the sweep is stopped
    failed = _execute(pending, evaluation, write_table)
    rows = write_table()
    if rows:
        score = sweep["rank_by"] or _first_score(rows[0], evaluation)
        print(f"\n{results_table.ranking(rows, varied, score)}\n\n{directory / TABLE_FILE}")
        for name in sweep["figures"]:
            SWEEP_FIGURES[name](rows, varied, score).savefig(directory / f"{name}.png")
            print(directory / f"{name}.png")
    if failed:
        sys.stdout.flush()  # the error is the last that is read, in a log too
        print(f"error: {len(failed)} runs failed: {', '.join(failed)}", file=sys.stderr)
        raise SystemExit(1)


def _sweep() -> dict[str, Any]:
    """The sweep: its grids, evaluation and figures; flags override the file."""
    if bool(SWEEP.value) == bool(CONFIGS.value):
        raise ValueError(
            "give either --sweep=FILE, or --config=CONFIG and --grid=FIELD=VALUE,VALUE"
        )
    sweep: dict[str, Any] = {
        "grids": [{"config": CONFIGS.value}],
        "metrics": [],
        "num_samples": 0,
        "rank_by": None,
        "figures": [],
    }
    if SWEEP.value:
        described = call(find(SWEEP.value, "sweep"), "get_sweep")
        for key in described:
            if key not in sweep:
                raise ValueError(f"{SWEEP.value} gives {key!r}; {did_you_mean(key, sweep)}")
        sweep |= described
    fields = dict(_field(text) for text in GRID.value)
    sweep["grids"] = [{**grid, **fields} for grid in sweep["grids"]]
    given = {
        "metrics": evaluate.METRICS.value,
        "num_samples": evaluate.NUM_SAMPLES.value,
        "rank_by": RANK_BY.value,
        "figures": FIGURES.value,
    }
    return sweep | {key: value for key, value in given.items() if value not in (None, [])}


def _field(text: str) -> tuple[str, list]:
    """A field and its values: Python literals if they are, else text."""
    field, equals, values = text.partition("=")
    if not (field and equals and values):
        raise ValueError(f"--grid is {text!r}; it must be FIELD=VALUE or FIELD=VALUE,VALUE")
    try:
        return field, list(ast.literal_eval(f"[{values}]"))
    except (ValueError, SyntaxError):
        return field, values.split(",")


def _check(planned: Sequence[PlannedRun], sweep: dict[str, Any]) -> None:
    """Raises ValueError for mistakes that would end a run later."""
    if PROCESSES.value < 1:
        raise ValueError(f"--processes is {PROCESSES.value}; it must be at least 1")
    for name in sweep["metrics"]:
        if name not in SCORES:
            raise ValueError(f"--metrics has {name!r}; {did_you_mean(name, SCORES)}")
    for name in sweep["figures"]:
        if name not in SWEEP_FIGURES:
            raise ValueError(f"--figures has {name!r}; {did_you_mean(name, SWEEP_FIGURES)}")
    numbers = [value for run in planned for value in run.varied.values() if is_number(value)]
    if "curves" in sweep["figures"] and not numbers:
        raise ValueError("--figures has 'curves', which need a number of more than one value")
    for run in planned:
        check_names(run.config)
        model = lookup_model(run.config.model.name, "config.model.name")
        for name in sweep["metrics"]:
            model.require_encoder(f"--metrics={name}")
        if sweep["num_samples"]:
            model.require_encoder(f"--num_samples={sweep['num_samples']}")
        if not (sweep["metrics"] or sweep["rank_by"]):
            model.require_encoder("ranking by elbo, the default of --rank_by,")
        data = lookup(run.config.data.name, "tfvae.data", "config.data.name")
        need = [name for name in sweep["metrics"] if name not in NEED_NO_FACTORS]
        if need and not issubclass(data, tfvae.data.GroundTruthDataset):
            raise ValueError(
                f"--metrics has {need[0]}, which needs data with known factors; "
                f"{data.__name__} has none"
            )
        run_directory.claim(run.directory, run.config, write=False)
        if newest_step(run.directory) > run.config.steps:
            raise ValueError(
                f"{run.directory} is at step {newest_step(run.directory)}, past the "
                f"{run.config.steps} of the sweep; give another --workdir"
            )


def _execute(
    pending: Sequence[PlannedRun], evaluation: Evaluation, when_finished: Callable[[], object]
) -> list[str]:
    """Trains and evaluates runs, --processes at a time; returns the names of failed runs."""
    children = Children(PROCESSES.value)
    failed = []
    with futures.ThreadPoolExecutor(PROCESSES.value) as pool:
        work = {pool.submit(_run, run, evaluation, children): run.name for run in pending}
        try:
            for number, done in enumerate(futures.as_completed(work), 1):
                name, failure = work[done], done.result()
                print(f"[{number}/{len(pending)}] {name}: {failure or 'finished'}", flush=True)
                if failure:
                    failed.append(name)
                else:
                    when_finished()
        except KeyboardInterrupt:
            children.stop()
            pool.shutdown(cancel_futures=True)
            print("\nstopped; the same command resumes from the last checkpoints")
            raise SystemExit(interrupts.INTERRUPTED) from None
    return failed


def _run(run: PlannedRun, evaluation: Evaluation, children: Children) -> str | None:
    """Trains and evaluates a run; returns what failed, or None."""
    run.directory.mkdir(parents=True, exist_ok=True)
    log = run.directory / LOG_FILE
    print(f"{run.name}: started; its output is in {log}", flush=True)
    lacking = _missing(run, evaluation) or evaluation
    programs = [("trainers.evaluate", [f"--workdir={run.directory}", *lacking.flags])]
    if newest_step(run.directory) < run.config.steps:
        programs.insert(0, ("trainers.train", run.flags))
    try:
        for module, arguments in programs:
            code = children.run(module, arguments, log)
            if code:
                lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
                return "\n    ".join([f"{module} failed (exit code {code}); {log} ends:", *lines])
    except BlockingIOError:
        return f"another process is working on it ({log} is locked)"
    if _missing(run, evaluation):
        return f"its results are not those requested at step {run.config.steps}; see {log}"
    return None


def _missing(run: PlannedRun, evaluation: Evaluation) -> Evaluation | None:
    """What the results lack at the last step, or None."""
    results = run_directory.read_results(run.directory, run.config.steps)
    return missing(results, evaluation, SCORES)


def _first_score(row: results_table.Row, evaluation: Evaluation) -> str:
    return keys_of(evaluation.metrics[0], row, SCORES)[0] if evaluation.metrics else "elbo"


def cli() -> None:
    """Entry point."""
    shared = (evaluate.METRICS, evaluate.VOTES, evaluate.NUM_SAMPLES, evaluate.SEED)
    program_help.show(main, *(flag.name for flag in shared))
    program.run(main)


if __name__ == "__main__":
    cli()
