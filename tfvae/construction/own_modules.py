"""Where the modules are that a config names, so that a run can be loaded from elsewhere."""

import importlib.util
import pathlib
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping

_INSTALLED = {pathlib.Path(sysconfig.get_path(key)) for key in ("stdlib", "purelib", "platlib")}


def folders(config) -> list[str]:
    """Returns the folders of modules of your own, in the order of their names in a config.

    Args:
        config: nested mappings and lists, where a class of your own has the name "module.Class".
    """
    found: dict[str, None] = {}
    for name in _names(config):
        folder = _folder(name.rpartition(".")[0])
        if folder is not None and not _INSTALLED & {folder, *folder.parents}:
            found[str(folder)] = None
    return list(found)


def make_importable(extra: Iterable[str]) -> None:
    """Adds folders to the end of Python's path."""
    sys.path += [folder for folder in extra if folder not in sys.path]


def _names(value) -> Iterator[str]:
    """The values of all fields called "name"."""
    if isinstance(value, Mapping):
        if isinstance(value.get("name"), str):
            yield value["name"]
        for item in value.values():
            yield from _names(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _names(item)


def _folder(module: str) -> pathlib.Path | None:
    """The folder from which a module is imported; None if it is none, or from no file."""
    try:
        spec = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError):  # a name with a point that is no module
        return None
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    levels = module.count(".") + (spec.submodule_search_locations is not None)
    return pathlib.Path(spec.origin).resolve().parents[levels]
