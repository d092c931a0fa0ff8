"""Where the weights of a trunk come from: torchvision, a file, or chance.

Weights are safetensors on disk. torchvision publishes its own in PyTorch's format; they
are read with ``weights_only`` and checked against the hash in their name.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from tiefvision.encoders.architectures import Architecture
from tiefvision.errors import BadWeights

IMAGENET = "imagenet"
RANDOM = "random"


def load_weights(
    trunk: nn.Sequential, architecture: Architecture, source: str, seed: int
) -> str:
    """Fill a trunk with weights, in place.

    Args:
        trunk: As ``architecture.build()`` made it.
        architecture: What the trunk is.
        source: "imagenet", "random", or the path of a safetensors file.
        seed: Of the random weights; unused otherwise.

    Returns:
        A label for headers and messages, such as "random (seed 0)".

    Raises:
        BadWeights: They cannot be had, or are of another architecture.
    """
    if source == RANDOM:
        _fill_randomly(trunk, seed)
        return f"random (seed {seed})"
    if source == IMAGENET:
        _load_state(trunk, _imagenet_state(architecture), "torchvision's weights")
        return "torchvision ImageNet"
    path = Path(source)
    _load_state(trunk, _file_state(path), str(path))
    return path.name


def hash_weights(trunk: nn.Module) -> str:
    """SHA-256 over names, shapes and values of a trunk's tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(trunk.state_dict().items()):
        values = tensor.detach().to("cpu", torch.float32).contiguous()
        digest.update(f"{name}{tuple(values.shape)}".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def _fill_randomly(trunk: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            # He et al. 2015 (arXiv:1502.01852), eq. 10: keeps the variance of the
            # activations from layer to layer; torchvision's default lets it fade.
            fan_in = module.weight[0].numel()
            with torch.no_grad():
                module.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.zero_()


def _imagenet_state(architecture: Architecture) -> Mapping[str, Tensor]:
    weights = torchvision.models.get_model_weights(architecture.name).DEFAULT
    try:
        state: Mapping[str, Tensor] = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise BadWeights(
            f"torchvision's weights of {architecture.name} cannot be downloaded "
            f"({error}).",
            "Use --weights random, or --weights FILE.safetensors.",
        ) from error
    return state


def _file_state(path: Path) -> Mapping[str, Tensor]:
    try:
        state: Mapping[str, Tensor] = load_file(path)
    except FileNotFoundError as error:
        raise BadWeights(f"There is no weights file at {path}.") from error
    except (SafetensorError, OSError) as error:
        raise BadWeights(
            f"{path} is not a safetensors file, or it is truncated ({error})."
        ) from error
    return state


def _load_state(trunk: nn.Sequential, state: Mapping[str, Tensor], where: str) -> None:
    expected = trunk.state_dict()
    # Published files hold the whole network: its convolutions are "features.*".
    found = {
        name.removeprefix("features."): tensor
        for name, tensor in state.items()
        if name.removeprefix("features.") in expected
    }
    for name, tensor in expected.items():
        # Some exporters drop this counter, which only training reads.
        if name.endswith("num_batches_tracked"):
            found.setdefault(name, tensor)
        if name not in found:
            raise BadWeights(
                f"{where} lacks features.{name}: it holds another architecture."
            )
        if found[name].shape != tensor.shape:
            raise BadWeights(
                f"{where}: features.{name} is {tuple(found[name].shape)}, expected "
                f"{tuple(tensor.shape)}: it holds another architecture."
            )
    trunk.load_state_dict({name: value.float() for name, value in found.items()})
