"""Rows and vectors as text: lines of JSON, and numbers that lose nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import TiefVisionError
from tiefvision.exporting.records import MANIFEST, Collection
from tiefvision.files import is_file, open_file, replace_file


def vector_text(vector: NDArray[np.float32]) -> str:
    """A vector as JSON and pgvector write it; nine digits give each float32 back.

    >>> vector_text(np.array([0.1, -1.0], dtype=np.float32))
    '[0.100000001,-1]'
    """
    return f"[{','.join(['%.9g'] * len(vector))}]" % tuple(vector.tolist())


def json_line(record: dict[str, Any]) -> bytes:
    """A record as a line of JSON in UTF-8, with its newline."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def read_json_lines(file: Path) -> Iterator[Any]:
    """The values of a file of JSON lines."""
    with open_file(file) as opened:
        yield from map(json.loads, opened)


def require_manifest(folder: Path) -> None:
    """Check that a folder was exported, before a client makes an empty store of it.

    Raises:
        TiefVisionError: It was not.
    """
    if not is_file(folder / MANIFEST):
        raise TiefVisionError(
            f"{folder} is no exported folder: it has no {MANIFEST}.",
            "Export to it first.",
        )


def write_manifest(folder: Path, collection: Collection, target: str) -> None:
    """Write the file that describes an exported folder.

    Args:
        folder: the folder.
        collection: what is exported.
        target: name of the target.
    """
    record = {"target": target, **collection.manifest()}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    replace_file(folder / MANIFEST, f"{text}\n".encode())
