"""Packages that are optional, each behind an extra of this project."""

import importlib
from types import ModuleType

from tiefvision.errors import TiefVisionError, reason_of


def import_module_of(extra: str, name: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        extra: extra of this project that installs the package.
        name: dotted name of the module.

    Raises:
        TiefVisionError: The package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise TiefVisionError(
            f"The package {package} is missing or broken: {reason_of(error)}.",
            f"Run: pip install 'tiefvision[{extra}]'",
        ) from error
