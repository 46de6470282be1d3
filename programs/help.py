"""Makes --help show a program's own flags and docstring, also for console scripts."""

import sys
from collections.abc import Callable

from absl import flags


def show(main: Callable, *others: str) -> None:
    """Makes --help list the flags of `main`'s module, below its docstring.

    absl looks for both in the script that was started, and a console script has none.

    Args:
        main: the program.
        others: names of other flags to list.
    """
    own = flags.FLAGS.get_flags_for_module(main.__module__)
    for flag in (*own, *(flags.FLAGS[name] for name in others)):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    sys.modules["__main__"].__doc__ = sys.modules[main.__module__].__doc__
