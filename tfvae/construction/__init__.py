"""Models from their parts' names: sizes follow from the data and from one another.

`for_data` and the configs of runs share this code. `lookup.py` finds classes by name, `roles.py`
reads from a constructor which arguments are objects, `objects.py` makes them, `model_builder.py`
tells each part the sizes it needs, and `choices.py` chooses the parts that a user leaves out.
"""

from tfvae.construction.lookup import lookup, lookup_model
from tfvae.construction.model_builder import build_model
from tfvae.construction.objects import construct
from tfvae.construction.seeding import seeded

__all__ = ["build_model", "construct", "lookup", "lookup_model", "seeded"]
