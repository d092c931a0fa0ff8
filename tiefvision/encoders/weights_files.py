"""Files of weights: safetensors with a JSON object in the header.

The object holds the format, its version, the name of the model, and the settings from
which the model can be built. It is one entry of the header because safetensors writes
several entries in random order, and equal models should give equal files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from tiefvision.encoders.weights_header import (
    HEADER_KEY,
    WeightsHeader,
    not_safetensors,
    read_weights_header,
)
from tiefvision.engines.folding import Arrays
from tiefvision.errors import BadWeights
from tiefvision.files import replace_file


@dataclass(frozen=True)
class WeightsFile(WeightsHeader):
    """Header and tensors of a safetensors file.

    Attributes:
        arrays: arrays by name.
    """

    arrays: Arrays = field(default_factory=dict)

    def group(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The arrays whose names start with a prefix, by the rest of the name."""
        return {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
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
        arrays = load_file(path)
        _require_of_numpy(arrays)
    except TypeError as error:  # NumPy has no bfloat16
        raise BadWeights(
            f"{path} holds numbers in a format that NumPy lacks ({error}).",
            "Convert them to float16 or float32.",
        ) from error
    except (SafetensorError, OSError, ValueError) as error:
        raise not_safetensors(path, error) from error
    return WeightsFile(path, header.facts, header.shapes, arrays)


def _require_of_numpy(arrays: Arrays) -> None:
    """Raise TypeError for numbers that a package adds to NumPy, where it is loaded.

    Whether a file can be read must not depend on what else was imported.
    """
    for array in arrays.values():
        if array.dtype.kind == "V":
            raise TypeError(f"data type {array.dtype.name!r} not understood")


def write_weights_file(path: Path, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Write arrays in half precision, with facts about them in the header.

    Args:
        path: path of the file; an older file is replaced atomically.
        arrays: arrays by name; integers keep their type.
        facts: entries of the header, of JSON types, with "format", "version" and
            "name".

    Raises:
        BadWeights: A value exceeds the range of half precision.
    """
    halves = {name: _to_half(name, array) for name, array in arrays.items()}
    header = {HEADER_KEY: json.dumps(facts, sort_keys=True, ensure_ascii=False)}
    replace_file(path, save(halves, header))


def _to_half(name: str, array: NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(array, order="C")  # keeps numbers without an axis as they are
    if not np.issubdtype(array.dtype, np.floating):
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    if not np.isfinite(half).all():
        raise BadWeights(f"{name} holds values beyond the range of half precision.")
    return half
