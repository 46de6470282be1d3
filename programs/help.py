"""What --help shows: a program's own flags and docstring, however the program was started."""

import sys
from collections.abc import Callable

from absl import flags


def show(main: Callable, *others: str) -> None:
    """Lets --help list the flags of `main`'s module, and say what its docstring says.

    absl looks for both in the script that was started; of a console script that is an empty one.

    Args:
        main: the program.
        others: names of flags defined elsewhere to list too.
    """
    own = flags.FLAGS.get_flags_for_module(main.__module__)
    for flag in (*own, *(flags.FLAGS[name] for name in others)):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    sys.modules["__main__"].__doc__ = sys.modules[main.__module__].__doc__
