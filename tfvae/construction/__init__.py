"""Builds models from the names of their parts; sizes follow from the data and from other parts.

`for_data` and the configs of runs share this code. `lookup.py` finds classes by name, `roles.py`
reads from a constructor which arguments are objects, `objects.py` makes the objects,
`model_builder.py` gives each part the sizes it needs, and `choices.py` chooses the parts that the
user does not give.
"""

from tfvae.construction.lookup import lookup, lookup_model
from tfvae.construction.model_builder import build_model
from tfvae.construction.objects import construct
from tfvae.construction.seeding import seeded

__all__ = ["build_model", "construct", "lookup", "lookup_model", "seeded"]
