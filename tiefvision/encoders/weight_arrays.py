"""Weights of a safetensors file as NumPy arrays, without torch."""

from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from tiefvision.encoders.weights_header import WeightsHeader, not_safetensors


def read_weight_arrays(file: WeightsHeader, prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names start with a prefix, by the rest of the name.

    Args:
        file: header of the file.
        prefix: prefix of the names, such as "deeprank.".

    Raises:
        BadWeights: The file is missing or damaged.
    """
    names = [name for name in file.shapes if name.startswith(prefix)]
    try:
        with safe_open(file.path, framework="np") as opened:
            arrays = {name: opened.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError) as error:
        raise not_safetensors(file.path, error) from error
    return {name.removeprefix(prefix): array for name, array in arrays.items()}
