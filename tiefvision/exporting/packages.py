"""Packages of other stores, which are optional, and what they raise."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from tiefvision.errors import TiefVisionError, reason_of
from tiefvision.storage import storage_errors


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


@contextmanager
def store_errors(store: str, where: str, *raised: type[Exception]) -> Iterator[None]:
    """Turn what a store's client raises into a sentence.

    Args:
        store: name of the store.
        where: address or path of the store.
        raised: classes of the client's errors.

    Raises:
        StorageFull: A file of the store cannot be written.
        TiefVisionError: The store refused something, or cannot be reached.
    """
    try:
        with storage_errors(where, "cannot be written"):
            yield
    except raised as error:
        reason = " ".join(reason_of(error).split())
        raise TiefVisionError(
            f"{store} at {where} failed: {reason}.",
            "See that it runs there and has room, and run again.",
        ) from error
