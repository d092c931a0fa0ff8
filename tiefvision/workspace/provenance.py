"""Fingerprints: of the source that computes an artifact, and of files it reads."""

import ast
import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = "tiefvision"


def code_fingerprint(module_file: Path) -> str:
    """SHA-256 of a module and of every module of this package that it imports.

    Comments, docstrings and layout do not count, so that an artifact does not grow
    stale because a sentence was mended.
    """
    digest = hashlib.sha256()
    seen: set[Path] = set()
    waiting = [module_file.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imports(path))
    # The order of files does not depend on where the package is installed.
    for source in sorted(_source_hash(path) for path in seen):
        digest.update(source.encode())
    return digest.hexdigest()


def files_fingerprint(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 over names, sizes and times of change of files; reads none of them."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        facts = path.stat()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of the content of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _source_hash(path: Path) -> str:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(
                None
            )  # a docstring, or a string that does nothing
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    found = (_module_file(name) for name in names if name.split(".")[0] == PACKAGE)
    return tuple(sorted(path for path in found if path))


@cache
def _module_file(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None  # a name imported from a module, not a module
    return Path(spec.origin).resolve() if spec and spec.origin else None
