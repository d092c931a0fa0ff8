"""Loading the weights of a trunk: shipped, from a file, of torchvision, or random.

Files of weights are safetensors. torchvision publishes PyTorch files, which are read
with ``weights_only`` and checked against the hash in their name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.encoder_file import ENCODER_FORMAT, ENCODER_VERSION, READOUTS
from tiefvision.encoders.identity import hash_arrays
from tiefvision.encoders.weights_files import (
    fill_module,
    read_weights_file,
    write_weights_file,
)
from tiefvision.encoders.weights_header import require_format
from tiefvision.errors import BadWeights
from tiefvision.weights import ROLES, encoder_file

IMAGENET = "imagenet"
RANDOM = "random"


def load_weights(
    trunk: nn.Sequential, architecture: Architecture, source: str, seed: int
) -> str:
    """Fill a trunk with weights, in place.

    Args:
        trunk: trunk with any weights, as ``architecture.build()`` makes it.
        architecture: architecture of the trunk.
        source: "shipped", "locator", "imagenet", "random", or the path of a safetensors
            file: an encoder file of this project, or one with torchvision's names.
        seed: seed of random weights; unused otherwise.

    Returns:
        Name of the weights for headers and messages, such as "alexnet-1" or
        "random (seed 0)".

    Raises:
        BadWeights: The weights cannot be loaded or have another architecture.
    """
    path = source_file(architecture, source)
    if path:
        return _load_file(trunk, architecture, path)
    if source == RANDOM:
        _fill_randomly(trunk, seed)
        return f"random (seed {seed})"
    state = _imagenet_state(architecture)
    _fill_as_published(trunk, state, "torchvision's file")
    return "torchvision ImageNet"


def load_readouts(architecture: Architecture, source: str) -> dict[str, nn.Linear]:
    """The read-outs in a file of weights, by name; {} for weights without read-outs.

    Args:
        architecture: architecture of the encoder.
        source: source of the weights, as for ``load_weights``.

    Raises:
        BadWeights: The file cannot be read, or the package ships no such weights.
    """
    path = source_file(architecture, source)
    if not path:
        return {}
    file = read_weights_file(path)
    readouts = {}
    for name in READOUTS:
        state = file.group(f"{name}.")
        if state:
            layer = nn.Linear(architecture.channels, len(state["bias"]))
            fill_module(layer, state, str(path), f"{name}.")
            readouts[name] = layer
    return readouts


def source_file(architecture: Architecture, source: str) -> Path | None:
    """The file of a source of weights; None for "imagenet" and "random".

    Args:
        architecture: architecture of the encoder.
        source: source of the weights, as for ``load_weights``.

    Raises:
        BadWeights: The package ships no such weights.
    """
    if source in (RANDOM, IMAGENET):
        return None
    if source not in ROLES:
        return Path(source)
    path = encoder_file(package_weights.FOLDER, architecture.name, source)
    if not path.is_file():
        there = [
            f"{role} of {name}"
            for role in ROLES
            for name in ARCHITECTURES
            if encoder_file(package_weights.FOLDER, name, role).is_file()
        ]
        raise BadWeights(
            f"This release has no {source} weights of {architecture.name}, only "
            f"{', '.join(there) or 'nothing'}.",
            "Use --weights imagenet, random or FILE.safetensors, or another --encoder.",
        )
    return path


def write_encoder(
    path: Path,
    architecture: str,
    state: Mapping[str, Tensor],
    facts: Mapping[str, Any],
    beside: Mapping[str, Mapping[str, Tensor]] | None = None,
) -> None:
    """Write an encoder file in half precision.

    Args:
        path: path of the file, as ``encoder_file`` gives it.
        architecture: name of the architecture, a key of ``ARCHITECTURES``.
        state: weights of the trunk by name.
        facts: entries of the header, of JSON types: "name", such as "alexnet-1", and
            facts about the training, such as "teacher" and "licence".
        beside: weights of networks that were trained with the encoder, by name of the
            network and name of the tensor: read-outs (``READOUTS``) or heads.

    Raises:
        BadWeights: The weights have another architecture, or a value exceeds the range
            of half precision.
    """
    trunk = architecture_named(architecture).build()
    fill_module(trunk, state, "The state")
    layers = {
        f"{name}.{part}": tensor
        for name, layer in (beside or {}).items()
        for part, tensor in layer.items()
    }
    write_weights_file(
        path,
        {**trunk.state_dict(), **layers},
        {
            **facts,
            "format": ENCODER_FORMAT,
            "version": ENCODER_VERSION,
            "architecture": architecture,
        },
    )


def hash_weights(trunk: nn.Module) -> str:
    """SHA-256 over names, shapes and values of a trunk's tensors."""
    return hash_arrays(
        {
            name: tensor.detach().to("cpu", torch.float32).contiguous().numpy()
            for name, tensor in trunk.state_dict().items()
        }
    )


def _fill_randomly(trunk: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            # He et al. 2015 (arXiv:1502.01852), eq. 10: the variance of activations
            # stays the same from layer to layer; with torch's default it shrinks.
            fan_in = module.weight[0].numel()
            with torch.no_grad():
                module.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.zero_()


def _imagenet_state(architecture: Architecture) -> Mapping[str, Tensor]:
    import torchvision  # lazily: it takes a second, and only this source needs it

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


def _load_file(trunk: nn.Sequential, architecture: Architecture, path: Path) -> str:
    file = read_weights_file(path)
    if file.facts:
        require_format(file, ENCODER_FORMAT, ENCODER_VERSION)
        found = file.facts.get("architecture")
        if found != architecture.name:
            raise BadWeights(
                f"{path} holds an encoder of another architecture: {found}, expected "
                f"{architecture.name}."
            )
        fill_module(trunk, file.tensors, str(path))
    else:
        _fill_as_published(trunk, file.tensors, str(path))
    return file.name


def _fill_as_published(
    trunk: nn.Sequential, state: Mapping[str, Tensor], where: str
) -> None:
    # torchvision's files hold the whole network; the trunk has the prefix "features.".
    prefix = "features."
    found = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    fill_module(trunk, found, where, prefix)
