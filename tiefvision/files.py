"""Atomic writing of files: a reader never sees a partly written file."""

import filecmp
import os
from pathlib import Path

PARTIAL_SUFFIX = ".partial"
"""Suffix of a file that is still being written."""


def replace_file(file: Path, content: bytes) -> None:
    """Write a temporary file beside the target and rename it to the target.

    Readers see either the old content or the complete new content.

    Args:
        file: path of the target; a missing folder is created.
        content: complete new content.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}{PARTIAL_SUFFIX}")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically; a target with equal content is not touched."""
    if not target.exists() or not filecmp.cmp(source, target, shallow=False):
        replace_file(target, source.read_bytes())
