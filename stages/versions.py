"""The algorithm modules of each stage, recorded with the version of the stage.

An artifact is due when the ``VERSION`` of its stage changes, and never because a module
was touched. So that nobody forgets to raise it, ``versions.json`` holds a digest of
every module of algorithms that a stage reaches by import; a test fails where one
differs.

    python -m stages.versions             # what differs
    python -m stages.versions --record    # after raising VERSION, or if results stay
"""

import ast
import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from stages.runner import stage_modules
from tiefvision.files import replace_text

RECORD = Path(__file__).with_name("versions.json")

MAKERS = {
    "index": "tiefvision.catalogue.living.changing",
    "prepare": "tiefvision.judging.prepared",
    "learn_ranker": "tiefvision.models.rankers",
    "train_ranker": "tiefvision.models.ranker_training",
}
"""Modules outside ``stages`` that write artifacts and declare a ``VERSION``."""

ALGORITHMS = (
    "tiefvision.boxes",
    "tiefvision.photos",
    "tiefvision.augmenting",
    "tiefvision.datasets",
    "tiefvision.encoders",
    "tiefvision.evaluation",
    "tiefvision.index",
    "tiefvision.networks.backbones",
    "tiefvision.networks.building",
    "tiefvision.networks.preparing",
    "tiefvision.networks.ranker",
    "tiefvision.training",
    "tiefvision.locating",
    "tiefvision.ranking",
    "tiefvision.triplets",
    "tiefvision.tuning",
    "tiefvision.catalogue",
    "tiefvision.judging.results",
    "tiefvision.models.training_triplets",
    "tiefvision.workspace.garments",
    "tiefvision.workspace.levels",
    "tiefvision.workspace.maps",
)
"""Modules and packages that determine results, unlike errors, storage, progress,
reports and the command line."""


def makers() -> dict[str, str]:
    """Modules that write artifacts, by name: stages, then commands."""
    return stage_modules() | MAKERS


def reached(module: str) -> frozenset[str]:
    """A module, and all modules of this project that it imports, directly or not.

    Imports within functions count. Imports for type checkers count in modules of
    algorithms, which call what is passed to them, such as an encoder; in other modules,
    such as the interface of models, they do not.
    """
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_imports(name))
    return frozenset(seen)


def algorithms_of(module: str) -> list[str]:
    """The algorithm modules that a stage or command reaches, and its own module."""
    return sorted(
        name for name in reached(module) if name == module or is_algorithm(name)
    )


def is_algorithm(module: str) -> bool:
    """Whether a module determines results."""
    return any(module == one or module.startswith(f"{one}.") for one in ALGORITHMS)


def declared_version(module: str) -> int:
    """The ``VERSION`` that a module declares, without importing it."""
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION":
            return int(ast.literal_eval(node.value))
    raise ValueError(f"{module} declares no VERSION")


def current() -> dict[str, Any]:
    """The record of the code as it is now."""
    algorithms = {name: algorithms_of(module) for name, module in makers().items()}
    every = sorted({one for modules in algorithms.values() for one in modules})
    return {
        "versions": {n: declared_version(module) for n, module in makers().items()},
        "modules": {name: _digest(name) for name in every},
    }


def differences(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each stage or command whose record is out of date.

    Args:
        recorded: record in ``versions.json``.
        now: record of the current code, as ``current`` returns it.
    """
    for name, module in makers().items():
        version = now["versions"][name]
        before = recorded["versions"].get(name)
        changed = [
            one
            for one in algorithms_of(module)
            if now["modules"][one] != recorded["modules"].get(one)
        ]
        if before != version:
            yield (
                f"{name}: version {version} is not recorded, but {before}. Run: python "
                "-m stages.versions --record"
            )
        elif changed:
            yield (
                f"{name}: {', '.join(changed)} changed since version {version} was "
                f"recorded. If results change, raise VERSION in {module}; then run: "
                "python -m stages.versions --record"
            )


def main(arguments: list[str]) -> int:
    """Print the differences, or record the current code."""
    now = current()
    if arguments == ["--record"]:
        replace_text(RECORD, json.dumps(now, indent=1) + "\n")
        return 0
    found = list(differences(read_record(), now))
    sys.stdout.writelines(f"{sentence}\n" for sentence in found)
    return 1 if found else 0


def read_record() -> dict[str, Any]:
    """The record in ``versions.json``; an empty one if the file is missing."""
    if not RECORD.is_file():
        return {"versions": {}, "modules": {}}
    record: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


@cache
def _tree(module: str) -> ast.Module:
    file = _file(module)
    assert file, module
    return ast.parse(file.read_bytes())


@cache
def _digest(module: str) -> str:
    """Digest of a module's code, without comments, docstrings and layout.

    The declared version is left out, since raising it changes no result.
    """
    tree = ast.parse(ast.unparse(_tree(module)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    text = re.sub(r"(?m)^VERSION = \d+$", "", ast.unparse(tree))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _imports(module: str) -> tuple[str, ...]:
    names: set[str] = set()
    waiting: list[ast.AST] = [_tree(module)]
    while waiting:
        node = waiting.pop()
        if (
            isinstance(node, ast.If)
            and "TYPE_CHECKING" in ast.unparse(node.test)
            and not is_algorithm(module)
        ):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        waiting.extend(ast.iter_child_nodes(node))
    own = (name for name in names if name.split(".")[0] in ("tiefvision", "stages"))
    return tuple(sorted(name for name in own if _file(name)))


@cache
def _file(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None  # a name that is imported from a module, and no module
    return Path(spec.origin) if spec and spec.origin else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
