"""Fingerprints of files that a stage or command reads outside the workspace."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tiefvision.files import open_file


def files_fingerprint(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 over names, sizes and modification times of files; reads no content."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        facts = path.stat()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of the content of a file."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
