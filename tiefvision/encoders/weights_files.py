"""Files of weights: safetensors with a JSON object in the header.

The object holds the format, its version, the name of the model, and the settings from
which the model can be built. It is one entry of the header because safetensors writes
several entries in random order, and equal models should give equal files.
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
    """Header and tensors of a safetensors file.

    Attributes:
        tensors: tensors by name.
    """

    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def group(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with a prefix, by the rest of the name."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


def read_weights_file(path: Path) -> WeightsFile:
    """Read a safetensors file, which can hold no code.

    Args:
        path: path of the file.

    Raises:
        BadWeights: The file is missing, truncated, or no safetensors file.
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
    """Write tensors in half precision, with facts about them in the header.

    Args:
        path: path of the file; an older file is replaced atomically.
        tensors: tensors by name; integers keep their type.
        facts: entries of the header, of JSON types, with "format", "version" and
            "name".

    Raises:
        BadWeights: A value exceeds the range of half precision.
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
    """Load weights into a module, in place; they are converted to its precision.

    Args:
        module: module with any weights.
        state: weights by name; tensors that the module lacks are ignored.
        where: name of their source, for messages.
        prefix: prefix of the names in that source, for messages.

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
    """Load weights into a module, in evaluation mode and on a device.

    Args:
        module: module with any weights, filled in place.
        state: weights by name; tensors that the module lacks are ignored.
        device: device of the module.
        where: name of their source, for messages.
        prefix: prefix of the names in that source, for messages.

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
        raise BadWeights(f"{name} holds values beyond the range of half precision.")
    return half
