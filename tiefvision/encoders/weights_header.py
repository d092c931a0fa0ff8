"""The header of a file of weights, read without torch and without the tensors."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiefvision.errors import BadWeights

HEADER_KEY = "tiefvision"
"""Entry of safetensors' metadata that holds what this project says of a file."""

PICKLES = (b"PK\x03\x04", b"\x80")
"""First bytes of what ``torch.save`` writes: an archive of pickles, or a pickle."""


@dataclass(frozen=True)
class WeightsHeader:
    """What the header of a safetensors file says.

    Attributes:
        path: The file.
        facts: What this project says of it; empty if this project did not write it.
        shapes: Shape of each tensor by its name.
    """

    path: Path
    facts: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def name(self) -> str:
        """Name of the model, such as "alexnet-1"; that of a file that does not say."""
        return str(self.facts.get("name", self.path.name))

    def count(self, prefix: str = "") -> int:
        """Numbers in all tensors whose names start with a prefix."""
        return sum(
            math.prod(shape)
            for name, shape in self.shapes.items()
            if name.startswith(prefix)
        )


def read_weights_header(path: Path) -> WeightsHeader:
    """Read the header of a safetensors file.

    Raises:
        BadWeights: There is no file, it is truncated, or it is something else.
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
    with path.open("rb") as file:
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
    """Refuse a file that is not what is asked for.

    Args:
        file: Header of the file.
        expected: Format that is asked for.
        version: Version of the format that this release reads.

    Raises:
        BadWeights: It has another format or version.
    """
    found = file.facts.get("format")
    if found != expected:
        what = f"is a {found} file" if found else "says nothing of its format"
        raise BadWeights(f"{file.path} {what}, expected {expected}.")
    if file.facts.get("version") != version:
        raise BadWeights(
            f"{file.path} is of version {file.facts.get('version')} of {expected}, "
            f"expected version {version}.",
            "Use the release of tiefvision that wrote it, or write it anew.",
        )


def not_safetensors(path: Path, error: Exception) -> BadWeights:
    """The error to raise over a file that cannot be read as safetensors."""
    if path.is_file() and _is_pickle(path):
        return BadWeights(
            f"{path} is not a safetensors file but a pickle of PyTorch's, which may "
            "hold code and is not read.",
            "Convert it once, with safetensors.torch.save_file and "
            "torch.load(..., weights_only=True).",
        )
    return BadWeights(
        f"{path} is not a safetensors file, or it is truncated ({error})."
    )


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(9)
    # Safetensors: eight bytes of a length, which may look like anything, then JSON.
    return start.startswith(PICKLES) and start[8:] != b"{"
