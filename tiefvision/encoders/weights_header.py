"""The header of a file of weights, read without its tensors and without torch."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from tiefvision.errors import BadWeights

HEADER_KEY = "tiefvision"
"""Entry of safetensors' metadata that holds the JSON object of this project."""

PICKLES = (b"PK\x03\x04", b"\x80")
"""First bytes of files of ``torch.save``: a ZIP archive of pickles, or a pickle."""


@dataclass(frozen=True)
class WeightsHeader:
    """The header of a safetensors file.

    Attributes:
        path: path of the file.
        facts: JSON object of this project; {} in a file that others wrote.
        shapes: shape of each tensor by name.
    """

    path: Path
    facts: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def name(self) -> str:
        """Name of the model, such as "alexnet-1"; without one, the name of the file."""
        return str(self.facts.get("name", self.path.name))

    def count(self, prefix: str = "") -> int:
        """Number of parameters in the tensors whose names start with a prefix."""
        return sum(
            math.prod(shape)
            for name, shape in self.shapes.items()
            if name.startswith(prefix)
        )


def read_weights_header(path: Path) -> WeightsHeader:
    """Read the header of a safetensors file.

    Raises:
        BadWeights: The file is missing, truncated, or no safetensors file.
    """
    if not path.exists():
        raise BadWeights(f"There is no weights file at {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {}).get(HEADER_KEY, "{}"))
            names = file.keys()
            shapes = {n: tuple(file.get_slice(n).get_shape()) for n in names}
    except (SafetensorError, OSError, ValueError) as error:
        raise not_safetensors(path, error) from error
    if not isinstance(facts, dict):
        raise not_safetensors(path, ValueError("its header is damaged"))
    return WeightsHeader(path, facts, shapes)


def require_format(file: WeightsHeader, expected: str, version: int) -> None:
    """Refuse a file of another format or version.

    Args:
        file: header of the file.
        expected: name of the expected format.
        version: version of the format that this release reads.

    Raises:
        BadWeights: The file has another format or version.
    """
    found = file.facts.get("format")
    if found != expected:
        what = f"is a {found} file" if found else "does not name its format"
        raise BadWeights(f"{file.path} {what}, expected {expected}.")
    if file.facts.get("version") != version:
        raise BadWeights(
            f"{file.path} is of version {file.facts.get('version')} of {expected}, "
            f"expected version {version}.",
            "Use the release of tiefvision that wrote it, or write it again.",
        )


def not_safetensors(path: Path, error: Exception) -> BadWeights:
    """The error to raise over a file that cannot be read as safetensors."""
    if path.is_file() and _is_pickle(path):
        return BadWeights(
            f"{path} is not a safetensors file but a PyTorch pickle. It is not read, "
            "because a pickle can hold code.",
            "Convert it once, with safetensors.torch.save_file and "
            "torch.load(..., weights_only=True).",
        )
    return BadWeights(
        f"{path} is not a safetensors file, or it is truncated ({error})."
    )


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(9)
    # A safetensors file starts with eight bytes of a length, which may equal the first
    # bytes of a pickle, and then JSON.
    return start.startswith(PICKLES) and start[8:] != b"{"
