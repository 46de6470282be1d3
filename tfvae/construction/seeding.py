"""Initial weights by a seed."""

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds the initial weights of networks made in this context.

    A Keras initializer without a seed of its own draws one from Python's generator when its layer
    is made. The generator's state is restored afterwards.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
