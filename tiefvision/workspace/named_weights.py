"""Weights by name in artifacts: "weights/module", float32; torch is not needed."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tiefvision.store.artifact import Artifact

KEY = "weights/module"


def weight_tensors(
    weights: Mapping[str, NDArray[Any]], key: str = KEY
) -> dict[str, dict[str, NDArray[Any]]]:
    """The tensors that an artifact stores for weights by name; {} if there are none."""
    return {key: dict(weights)} if weights else {}


def read_arrays(artifact: Artifact, key: str = KEY) -> dict[str, NDArray[Any]]:
    """The weights in an artifact, by name; {} if it has none."""
    return dict(artifact.tensors(key)) if artifact.has(key) else {}
