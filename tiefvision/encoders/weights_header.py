"""The header of a file of weights, read without its tensors and without torch."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiefvision.errors import BadWeights
from tiefvision.files import open_file

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
        tensors = _read_header(path)
        said = tensors.pop("__metadata__", {})
        facts = json.loads(said.get(HEADER_KEY, "{}"))
        shapes = {name: tuple(tensors[name]["shape"]) for name in sorted(tensors)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise not_safetensors(path, error) from error
    if not isinstance(facts, dict):
        raise not_safetensors(path, ValueError("its header is damaged"))
    return WeightsHeader(path, facts, shapes)


def _read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a safetensors file.

    The file is the length of the header in 8 bytes, the header, and the data
    (https://github.com/huggingface/safetensors#format). ``safetensors.safe_open`` reads
    it too, but imports NumPy or torch.

    Raises:
        ValueError: It is something else, or its length is not what the header says.
    """
    size = path.stat().st_size
    with open_file(path) as file:
        length = int.from_bytes(file.read(8), "little")
        if length > size - 8:
            raise ValueError("its header is longer than the file")
        header: dict[str, Any] = json.loads(file.read(length))
    ends = [
        tensor["data_offsets"][1]
        for name, tensor in header.items()
        if name != "__metadata__"
    ]
    if size != 8 + length + max(ends, default=0):
        raise ValueError("it has another length than its header says")
    return header


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
    with open_file(path) as file:
        start = file.read(9)
    # A safetensors file starts with eight bytes of a length, which may equal the first
    # bytes of a pickle, and then JSON.
    return start.startswith(PICKLES) and start[8:] != b"{"
