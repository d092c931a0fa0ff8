"""Rankers of the user: a class in a Python file, or in an installed package.

A file is run only where a person names it, on the command line or to ``load_ranker``:
never because an artifact or a request to the web application names a ranker. Those hold
names alone, and a name finds what was loaded before, or what an installed package
offers under the entry point group ``GROUP``.

The class is made without arguments and has

    needs      which parts of a crop it reads: any of "maps", "colours", "pixels"
    embed      function from B garments to (B, D) floats; ``__call__`` does as well
"""

import hashlib
import importlib.util
import logging
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tiefvision.errors import BadUsage, reason_of
from tiefvision.files import read_file
from tiefvision.ranking.kinds import RankerKind
from tiefvision.ranking.needs import EVERYTHING, Need
from tiefvision.ranking.registry import RANKERS, ranker_kind
from tiefvision.storage import os_error_text

if TYPE_CHECKING:  # naming a ranker must not import NumPy
    from importlib.metadata import EntryPoint

    from tiefvision.ranking.garments import Embed, Weights

logger = logging.getLogger(__name__)

GROUP = "tiefvision.rankers"
"""Group of entry points by which packages offer rankers."""

_LOADED: dict[str, RankerKind] = {}
"""The user's rankers by name that this process has loaded."""


def load_ranker(text: str) -> str:
    """Load a ranker of the user, if it is one.

    Args:
        text: "FILE.py:CLASS", whose file is run; any other text is taken for a name and
            returned as it is.

    Returns:
        The name by which the ranker is known from now on, such as "mine.Ranker".

    Raises:
        BadUsage: The file cannot be run, has no such class, or the class is no ranker.
    """
    if not _is_given(text):
        return text
    file, _, attribute = text.rpartition(":")
    path, name = Path(file), name_of(text)
    if not attribute:
        raise BadUsage(f"{text} names no class.", f"Add its name: {text}CLASS.")
    try:
        source = read_file(path)
    except FileNotFoundError as error:
        raise BadUsage(f"There is no file {path}.", _advice(file)) from error
    except OSError as error:
        raise BadUsage(f"Cannot read {os_error_text(error, path)}") from error
    digest = hashlib.sha256(source).hexdigest()
    known = _LOADED.get(name)
    if known is None or known.digest != digest:
        made = _made(_run(path, digest), attribute, text)
        register(_kind_of(made, name, text, digest))
    return name


def _advice(file: str) -> str:
    """What helps where there is no such file."""
    if "," not in file:
        return "Name a file of yours: FILE.py:CLASS."
    return (
        "A comma joins training seeds of one trained ranker: give each other ranker "
        "an option --ranker of its own."
    )


def name_of(text: str) -> str:
    """The name of a ranker that the command line gives; nothing is loaded.

    >>> name_of("rankers/my-own.py:Ranker"), name_of("deeprank")
    ('my_own.Ranker', 'deeprank')
    """
    if not _is_given(text):
        return text
    file, _, attribute = text.rpartition(":")
    return f"{re.sub(r'[^a-zA-Z0-9_]', '_', Path(file).stem)}.{attribute}"


def given_of(text: str) -> str:
    """What the command line takes to load a ranker.

    Args:
        text: a ranker as the command line gives it, or its name. The file of a name
            that nothing here offers is not known: "FILE.py" stands for it.

    >>> given_of("own/mine.py:Ranker"), given_of("mine.Ranker"), given_of("deeprank")
    ('own/mine.py:Ranker', 'FILE.py:Ranker', 'deeprank')
    """
    if text in _LOADED:
        return _LOADED[text].given or text
    _, dot, attribute = text.rpartition(".")
    if _is_given(text) or not dot or text in _installed():
        return text
    return f"FILE.py:{attribute}"


def _is_given(text: str) -> bool:
    """Whether a text names a file and a class."""
    file, colon, _ = text.rpartition(":")
    return bool(colon) and file.endswith(".py")


def register(kind: RankerKind) -> None:
    """Let this process know a ranker of the user by its name.

    Raises:
        BadUsage: Another ranker has this name.
    """
    before = _LOADED.get(kind.name)
    others = before and (before.given, before.digest) != (kind.given, kind.digest)
    if kind.name in RANKERS or (others and before and before.given != kind.given):
        other = f": {before.given}" if before else ""
        raise BadUsage(
            f"Another ranker is called {kind.name} already{other}.",
            f"Rename {kind.given}.",
        )
    _LOADED[kind.name] = kind


def is_known(name: str) -> bool:
    """Whether a ranker can be used by its name in this process."""
    try:
        ranker_kind(name)
    except BadUsage:
        return False
    return True


def own_ranker(name: str) -> RankerKind | None:
    """A ranker that was loaded before, or that an installed package offers.

    Raises:
        BadUsage: The package's ranker cannot be used.
    """
    kind = _LOADED.get(name)
    if kind is None:
        point = _installed().get(name)
        kind = _load_installed(point) if point else None
    return kind


def installed_rankers() -> Mapping[str, str]:
    """The package, with its version, of each ranker that packages offer, by name.

    Nothing of the packages is imported.
    """
    return {name: _package(point) for name, point in _installed().items()}


def _installed() -> dict[str, "EntryPoint"]:
    from importlib.metadata import entry_points  # takes 20 ms to import

    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: point for name, point in found.items() if name not in RANKERS}


def _package(point: "EntryPoint") -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.module


def _load_installed(point: "EntryPoint") -> RankerKind:
    """Load a package's ranker, which its version and its module's source identify."""
    where = f"{point.value} of {_package(point)}"
    try:
        found = point.load()
    except (Exception, SystemExit) as error:
        raise _cannot_run(where, error) from error
    file = getattr(sys.modules[point.module], "__file__", None)
    source = read_file(Path(file)) if file else b""
    digest = hashlib.sha256(_package(point).encode() + b"\0" + source).hexdigest()
    kind = _kind_of(_instance(found, where), point.name, "", digest, where)
    register(kind)
    return kind


def _run(path: Path, digest: str) -> ModuleType:
    """Run a file as a module of its own."""
    name = f"tiefvision_own_{path.stem}_{digest[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader, "a file that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where its dataclasses look for themselves
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _cannot_run(str(path), error) from error
    return module


def _cannot_run(where: str, error: BaseException) -> BadUsage:
    logger.info("%s cannot be run", where, exc_info=error)
    reason = f"{type(error).__name__}: {reason_of(error)}"
    return BadUsage(
        f"{where} cannot be run: {' '.join(reason.split())}.",
        "-v shows where.",
    )


def _made(module: ModuleType, attribute: str, text: str) -> Any:
    """The ranker of a module: an instance of the class."""
    if not hasattr(module, attribute):
        classes = [
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        ]
        file = text.rpartition(":")[0]
        there = f"but {', '.join(classes)}" if classes else "nor any other class"
        raise BadUsage(f"{file} has no {attribute}, {there}.")
    return _instance(getattr(module, attribute), text)


def _instance(found: Any, where: str) -> Any:
    if not isinstance(found, type):
        return found
    try:
        return found()
    except Exception as error:
        raise _cannot_run(where, error) from error


def _kind_of(
    made: Any, name: str, given: str, digest: str, where: str = ""
) -> RankerKind:
    """The entry of a ranker of the user.

    Args:
        made: the ranker.
        name: name by which it is known.
        given: what the command line gives for it; "" for that of a package.
        digest: digest of its source.
        where: what to call it in messages; "" for ``given``.

    Raises:
        BadUsage: It does not say what it needs, or it cannot be called.
    """
    where = where or given
    embed = getattr(made, "embed", made)
    if not callable(embed):
        raise BadUsage(
            f"{where} is no ranker: it has no method embed.",
            "Give it one: embed(garments) returns (B, D) floats.",
        )
    told = " ".join((type(made).__doc__ or "").split(". ")[0].split())

    def build(details: Mapping[str, Any], weights: "Weights") -> "Embed":
        from tiefvision.ranking.embedding_checks import checked_ranker

        return checked_ranker(name, kind.needs, embed)

    kind = RankerKind(
        name,
        told.rstrip(".") or f"a ranker of your own, {where}",
        _needs_of(made, where),
        "nothing",
        build,
        _no_size,
        given=given,
        digest=digest,
    )
    return kind


def _needs_of(made: Any, where: str) -> tuple[Need, ...]:
    told = getattr(made, "needs", ())
    asked = (told,) if isinstance(told, str) else told
    fix = f'Write, for example: needs = ("pixels",). It can be {_listed()}.'
    if not isinstance(asked, tuple | list) or not asked:
        raise BadUsage(f"{where} does not say what it needs.", fix)
    for need in asked:
        if need not in EVERYTHING:
            raise BadUsage(f"{where} needs {need!r}, which there is not.", fix)
    return tuple(need for need in EVERYTHING if need in asked)


def _listed() -> str:
    return ", ".join(EVERYTHING)


def _no_size(channels: int, cells: int, details: Mapping[str, Any]) -> int:
    """Length of an embedding, which is not known before the ranker embeds."""
    return 0
