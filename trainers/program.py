"""Shared by the programs: quiet start-up, common flags, errors as one sentence."""

import os
import re
import sys
from collections.abc import Callable

from programs import interrupts  # first: Ctrl-C while the others are imported
from programs.quiet import quiet_import

with quiet_import():
    import tensorflow as tf

    tf.config.list_physical_devices()  # TensorFlow logs the devices here

    import tfvae  # noqa: F401

from absl import app, flags, logging

from programs import help as program_help
from tfvae.distributions.sampling import UnsuitableDistributionError
from tfvae.models.generative_model import MissingPartError
from tfvae.saved_model import ExportError
from tfvae.training.checks import NonFiniteLossError, readable_errors
from trainers.experiments import ExperimentError, own_line
from trainers.runs.run_directory import RunError

WORKDIR = flags.DEFINE_string("workdir", None, "Run directory.", required=True)

# Errors that a user can correct. Anything else is a defect and keeps its traceback.
_USER_ERRORS = (ValueError, RunError, ExperimentError, NonFiniteLossError, ExportError, OSError)
# Those that TensorFlow may raise again as another type, after a trace of the graph.
_USER_ERRORS_IN_GRAPHS = (MissingPartError, UnsuitableDistributionError)


def run(main: Callable[[], None], directory: flags.FlagHolder = WORKDIR) -> None:
    """Runs a program: parses flags; prints a user's error as one sentence and exits with code 1.

    Args:
        main: the program.
        directory: the flag of its output directory, in place of --workdir.
    """
    if directory is not WORKDIR and WORKDIR.name in flags.FLAGS:
        delattr(flags.FLAGS, WORKDIR.name)  # and its validator

    def guarded(arguments: list[str]) -> None:
        if len(arguments) > 1:
            raise app.UsageError(f"unexpected argument {arguments[1]!r}; flags start with --")
        logging.set_verbosity(logging.ERROR)
        try:
            with readable_errors():  # raised while data is read outside fit
                main()
        except SystemExit as leaving:
            leave(leaving.code if isinstance(leaving.code, int) else 1)
        except Exception as error:
            user_error = _user_error(error)
            if user_error is None or os.environ.get("TFVAE_TRACEBACK"):
                raise
            line = own_line(user_error)
            print(f"error: {user_error}" + f"\n  at {line}" * bool(line), file=sys.stderr)
            leave(1)

    program_help.show(main, directory.name)
    with interrupts.handled():
        app.run(guarded, flags_parser=_parse_flags)


def leave(code: int) -> None:
    """Ends the process without waiting for the threads of an input pipeline.

    A pipeline stopped in the middle may have threads inside Python functions, and the
    interpreter's shutdown can wait for them forever.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _user_error(error: BaseException) -> BaseException | None:
    """Returns the error that the user can correct: `error`, or one that led to it; else None."""
    if isinstance(error, _USER_ERRORS):
        return error
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, _USER_ERRORS_IN_GRAPHS):
        cause = cause.__context__
    return cause


def _parse_flags(argv: list[str]) -> list[str]:
    try:
        return app.parse_flags_with_usage(argv)
    except ExperimentError as error:
        print(f"error: --config: {error}", file=sys.stderr)
        sys.exit(1)
    except (AttributeError, KeyError, OSError) as error:  # config_flags' own, for a field or file
        detail = re.sub(r"\\n|\n|\\", " ", str(error)).strip("'\" ")
        if isinstance(error, OSError):
            print(f"error: --config: {detail}", file=sys.stderr)
        else:
            field, _, guess = (part.strip(" '") for part in detail.partition("' "))
            guess = guess or "a flag changes fields of the config file; add it there first"
            print(f"error: --config has no field {field!r}; {guess}", file=sys.stderr)
        sys.exit(1)
