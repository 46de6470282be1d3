import importlib.metadata
import pathlib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = pathlib.Path(__file__).parents[1] / "constraints.txt"


def test_lock_has_a_version_in_the_range_of_every_requirement():
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    locked = dict(line.split("==") for line in lines)  # fails for a path or an address
    locked = {canonicalize_name(name): version for name, version in locked.items()}
    for requirement in map(Requirement, importlib.metadata.requires("tfvae")):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}: run make lock"
