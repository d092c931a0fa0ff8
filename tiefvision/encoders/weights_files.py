"""Files of weights: safetensors, with what this project says of them in their header.

A file of ours says there, as one JSON object, its format, its version, the name of the
model, and what a reader needs to build it. One object rather than many entries, because
safetensors writes entries in any order, and equal models should be equal files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tiefvision.errors import BadWeights

HEADER_KEY = "tiefvision"
"""Entry of safetensors' metadata that holds what this project says of a file."""

PICKLES = (b"PK\x03\x04", b"\x80")
"""First bytes of what ``torch.save`` writes: an archive of pickles, or a pickle."""


@dataclass(frozen=True)
class WeightsFile:
    """What a safetensors file holds.

    Attributes:
        path: Of the file.
        facts: What its header says, empty if this project did not write it.
        tensors: By name.
    """

    path: Path
    facts: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model, such as "alexnet-1"; the name of a file that does not say."""
        return str(self.facts.get("name", self.path.name))

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with a prefix, without it."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


def read_weights_file(path: Path, facts_only: bool = False) -> WeightsFile:
    """Read a safetensors file; nothing in it is run.

    Args:
        path: Of the file.
        facts_only: Leave the tensors on the disk.

    Raises:
        BadWeights: There is none, it is truncated, or it is something else.
    """
    if not path.exists():
        raise BadWeights(f"There is no weights file at {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get(HEADER_KEY, "{}"))
            names = () if facts_only else file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError) as error:
        raise _not_safetensors(path, error) from error
    if not isinstance(facts, dict):
        raise _not_safetensors(path, ValueError("its header is damaged"))
    return WeightsFile(path, facts, tensors)


def write_weights_file(
    path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> None:
    """Write tensors in half precision, and what is to be known of them.

    Args:
        path: Of the file; an older one is replaced in one step.
        tensors: By name; integers stay what they are.
        facts: Of JSON types, with "format", "version" and "name".

    Raises:
        BadWeights: A value is beyond half precision.
    """
    halves = {name: _to_half(name, tensor) for name, tensor in tensors.items()}
    header = {HEADER_KEY: json.dumps(facts, sort_keys=True, ensure_ascii=False)}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(save(halves, header))
    partial.replace(path)


def require_format(file: WeightsFile, expected: str, version: int) -> None:
    """Refuse a file that is not what is asked for.

    Args:
        file: As it was read.
        expected: Its format.
        version: The one that this release reads.

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


def fill_module(
    module: nn.Module, state: Mapping[str, Tensor], where: str, prefix: str = ""
) -> None:
    """Give a module its weights, in place, whatever their precision.

    Args:
        module: With any weights.
        state: By the names of the module; further tensors are passed over.
        where: What to call their source in messages.
        prefix: Before the names in that source.

    Raises:
        BadWeights: A tensor is missing or has another shape.
    """
    found = {}
    for name, tensor in module.state_dict().items():
        # Some exporters drop this counter, which only training reads.
        optional = name.endswith("num_batches_tracked")
        value = state.get(name, tensor if optional else None)
        if value is None:
            raise BadWeights(
                f"{where} lacks {prefix}{name}: it holds another architecture."
            )
        if value.shape != tensor.shape:
            raise BadWeights(
                f"{where}: {prefix}{name} is {tuple(value.shape)}, expected "
                f"{tuple(tensor.shape)}: it holds another architecture."
            )
        found[name] = value.to(tensor.dtype)
    module.load_state_dict(found)


def _to_half(name: str, tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    half = tensor.to(torch.float16)
    if not half.isfinite().all():
        raise BadWeights(f"{name} holds values that half precision cannot.")
    return half


def _not_safetensors(path: Path, error: Exception) -> BadWeights:
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
