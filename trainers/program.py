"""What the programs share: quiet start-up, the flags every one has, errors as one sentence."""

import os
import sys
from collections.abc import Callable

from trainers.quiet import quiet_import

with quiet_import():
    import tensorflow as tf

    tf.config.list_physical_devices()  # the devices are announced here

from absl import app, flags, logging

from tfvae.training.checks import NonFiniteLossError
from trainers.runs import RunError

WORKDIR = flags.DEFINE_string("workdir", None, "Run directory.", required=True)

# What a user can cause and mend. Anything else is a defect and keeps its traceback.
_USER_ERRORS = (ValueError, RunError, NonFiniteLossError, OSError)


def run(main: Callable[[], None]) -> None:
    """Runs a program: parses flags, turns a user's mistake into one sentence and exit code 1."""

    def guarded(arguments: list[str]) -> None:
        if len(arguments) > 1:
            raise app.UsageError(f"unexpected argument {arguments[1]!r}; flags start with --")
        logging.set_verbosity(logging.ERROR)
        try:
            main()
        except _USER_ERRORS as error:
            if os.environ.get("TFVAE_TRACEBACK"):
                raise
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)

    app.run(guarded, flags_parser=_parse_flags)


def _parse_flags(argv: list[str]) -> list[str]:
    try:
        return app.parse_flags_with_usage(argv)
    except (AttributeError, KeyError, OSError) as error:  # config_flags' own, for a field or file
        detail = str(error).replace("\\n", " ").replace("\n", " ").strip("'\" ")
        print(f"error: --config: {detail}", file=sys.stderr)
        sys.exit(1)
