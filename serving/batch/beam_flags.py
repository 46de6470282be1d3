"""Parses the flags for Beam."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

# DirectRunner would first try to download a different runner.
_LOCAL_RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
_LOCAL_NAMES = ("directrunner", "direct", "fnapirunner", _LOCAL_RUNNER.lower())


def beam_options(beam_flags: Sequence[str], ours: Sequence[str]) -> PipelineOptions:
    """Returns Beam's pipeline options.

    Args:
        beam_flags: Arguments that are not our flags.
        ours: Names of our flags, to suggest corrections.

    Raises:
        ValueError: An argument is not a flag of Beam. Runners other than the local one may have
            flags that Beam does not know, so with them only flags similar to ours are refused.
    """
    options = PipelineOptions(list(beam_flags))
    runner = options.view_as(StandardOptions).runner
    if not runner:
        options = PipelineOptions([*beam_flags, f"--runner={_LOCAL_RUNNER}"])
    local = not runner or runner.lower() in _LOCAL_NAMES
    known = set(options.get_all_options())
    for number, argument in enumerate(beam_flags):
        name = argument.lstrip("-").partition("=")[0]
        is_flag = argument.startswith("--")
        if not is_flag and (number == 0 or not beam_flags[number - 1].startswith("--")):
            raise ValueError(f"unexpected argument {argument!r}; flags are written --name=value")
        close = difflib.get_close_matches(name, ours, n=1, cutoff=0.8)
        if is_flag and name not in known and (local or close):
            guess = f"; did you mean --{close[0]}?" if close else ""
            raise ValueError(f"--{name} is neither a flag of this program nor of Beam{guess}")
    return options
