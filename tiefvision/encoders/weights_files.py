"""Files of weights: safetensors, with what this project says of them in their header.

A file of ours says there, as one JSON object, its format, its version, the name of the
model, and what a reader needs to build it. One object rather than many entries, because
safetensors writes entries in any order, and equal models should be equal files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tiefvision.encoders.weights_header import (
    HEADER_KEY,
    WeightsHeader,
    not_safetensors,
    read_weights_header,
)
from tiefvision.errors import BadWeights

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class WeightsFile(WeightsHeader):
    """What a safetensors file holds.

    Attributes:
        tensors: Each tensor by its name.
    """

    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with a prefix, without it."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


def read_weights_file(path: Path) -> WeightsFile:
    """Read a safetensors file; nothing in it is run.

    Args:
        path: The file.

    Raises:
        BadWeights: There is none, it is truncated, or it is something else.
    """
    header = read_weights_header(path)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in header.shapes}
    except (SafetensorError, OSError, ValueError) as error:
        raise not_safetensors(path, error) from error
    return WeightsFile(path, header.facts, header.shapes, tensors)


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


def restore_module(
    module: Module,
    state: Mapping[str, Tensor],
    device: torch.device,
    where: str,
    prefix: str = "",
) -> Module:
    """A module with trained weights, ready to run.

    Args:
        module: A network with any weights; it is filled in place.
        state: The weights by name.
        device: Where it is to run.
        where: What to call their source in messages.
        prefix: Before the names in that source.

    Raises:
        BadWeights: A tensor is missing or has another shape.
    """
    fill_module(module, state, where, prefix)
    return module.eval().to(device)


def _to_half(name: str, tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    half = tensor.to(torch.float16)
    if not half.isfinite().all():
        raise BadWeights(f"{name} holds values that half precision cannot.")
    return half
