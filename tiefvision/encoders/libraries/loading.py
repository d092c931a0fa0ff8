"""Weights of libraries' networks: from a file, from a hub, or random.

Only safetensors are read from a path. What a hub gives as a PyTorch file is read with
``weights_only``, so that no code of a pickle can run.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tiefvision.encoders.libraries.architecture import LibraryArchitecture
from tiefvision.encoders.libraries.names import OPEN_CLIP
from tiefvision.encoders.libraries.timm_networks import build_network
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.engines.folding import Arrays, take_array
from tiefvision.engines.modules import arrays_of
from tiefvision.errors import BadWeights, reason_of

Weights = dict[str, NDArray[np.float32]]

HUB = "hub"
"""Source of weights that are downloaded: "hub", or "hub:TAG" with a tag of open_clip,
or with a repository of Hugging Face, "hub:OWNER/NAME"."""

RANDOM = "random"

COUNTERS = ("num_batches_tracked", "position_ids")
"""Ends of the names of arrays that some checkpoints hold, and that nothing reads."""


def require_source(architecture: LibraryArchitecture, source: str) -> Path | None:
    """The file of a source of weights; None for "random" and for a hub.

    Args:
        architecture: architecture of the encoder.
        source: source of the weights.

    Raises:
        BadWeights: The source is one of this project's own networks.
    """
    if source == RANDOM or source.partition(":")[0] == HUB:
        return None
    if source in ("shipped", "locator", "imagenet"):
        raise BadWeights(
            f"There are no {source} weights of {architecture.name}.",
            "Use --weights FILE.safetensors, hub (which downloads), or random.",
        )
    return Path(source)


def weights_without_file(
    architecture: LibraryArchitecture, source: str, seed: int
) -> tuple[Weights, str]:
    """Random weights, or those that a hub gives.

    Args:
        architecture: architecture of the encoder.
        source: "random", "hub" or "hub:TAG".
        seed: seed of random weights; unused otherwise.

    Returns:
        Weights by the network's own names, and the name of the weights.

    Raises:
        BadWeights: The hub cannot be reached, or what it gives does not fit.
    """
    if source == RANDOM:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = architecture.build().network
        own = arrays_of(network)
        return architecture.take_weights(own, source), f"random (seed {seed})"
    arrays = _downloaded(architecture, source.partition(":")[2])
    return library_weights(architecture, arrays, f"The {source} file"), source


def library_weights(
    architecture: LibraryArchitecture, arrays: Arrays, where: str
) -> Weights:
    """The weights of an encoder, from arrays by the names of the library's files.

    Args:
        architecture: architecture of the encoder.
        arrays: all weights of a checkpoint.
        where: name of their source, for messages.

    Returns:
        Weights by the network's own names, float32, as far as the feature map.

    Raises:
        BadWeights: An array is missing, has another shape, or belongs to no part of the
            network; the message names the first.
    """
    tower = architecture.tower
    taken: Weights = {
        name: take_array(arrays, f"{tower.prefix}{name}", shape, where)
        for name, shape in architecture.shapes.items()
    }
    with torch.device("meta"):
        known = {f"{tower.prefix}{name}" for name in tower.build().state_dict()}
    told = [name for name in arrays if not tower.ignores(name)]
    refuse_others(told, known, architecture.name, where)
    return taken


def refuse_others(
    told: Collection[str], known: Collection[str], name: str, where: str
) -> None:
    """Refuse a checkpoint with arrays that a network does not have.

    Args:
        told: names of the checkpoint's arrays.
        known: names of the network's.
        name: name of the network, for the message.
        where: name of the checkpoint, for the message.

    Raises:
        BadWeights: The message names the first array.
    """
    others = sorted(one for one in set(told) - set(known) if not one.endswith(COUNTERS))
    if others:
        more = f" and {len(others) - 1} more arrays" if len(others) > 1 else ""
        raise BadWeights(
            f"{where} holds {others[0]}{more}, which {name} does not have: it holds "
            "another architecture."
        )


def _downloaded(architecture: LibraryArchitecture, tag: str) -> dict[str, NDArray[Any]]:
    library, _, name = architecture.name.partition(":")
    if library == OPEN_CLIP:
        return open_clip_state(name, tag)
    with _downloading(architecture.name):
        return arrays_of(build_network(name, pretrained=True))


def open_clip_state(name: str, tag: str) -> dict[str, NDArray[Any]]:
    """Download the weights of both towers of a model of open_clip.

    Args:
        name: open_clip's name of the model.
        tag: one of its tags, a repository of Hugging Face, or "" for the only tag.

    Raises:
        BadWeights: There is no such tag, or no network.
    """
    with _downloading(f"{OPEN_CLIP}:{name}"):
        return _state_of(_open_clip_file(name, tag))


@contextmanager
def _downloading(encoder: str) -> Iterator[None]:
    try:
        yield
    except BadWeights:
        raise
    except Exception as error:  # neither library documents what it raises
        raise BadWeights(
            f"The weights of {encoder} cannot be downloaded: {reason_of(error)}.",
            "Use --weights FILE.safetensors, with a file that you downloaded.",
        ) from error


def _open_clip_file(name: str, tag: str) -> Path:
    """Download the checkpoint of a tag, or the one in a repository."""
    import open_clip
    from open_clip import pretrained

    if "/" in tag:
        return Path(pretrained.download_pretrained_from_hf(tag))
    tags = open_clip.list_pretrained_tags_by_model(name)
    if not tag and len(tags) == 1:
        (tag,) = tags
    if tag not in tags:
        known = ", ".join(tags) or "none"
        raise BadWeights(
            f"open_clip has several weights of {name}, or none.",
            f"Use --weights hub:TAG with one of: {known}; or hub:OWNER/NAME.",
        )
    settings = open_clip.get_pretrained_cfg(name, tag)
    return Path(pretrained.download_pretrained(settings))


def _state_of(path: Path) -> dict[str, NDArray[Any]]:
    if path.suffix == ".safetensors":
        return dict(read_weights_file(path).arrays)
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("state_dict", state)
    return {
        name.removeprefix("module."): tensor.float().numpy()
        for name, tensor in state.items()
    }
