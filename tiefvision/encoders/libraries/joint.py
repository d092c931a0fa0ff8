"""A whole model of open_clip: photographs and words in one space.

Source: Radford et al., CLIP, arXiv:2103.00020, figure 3; Zhai et al., SigLIP,
arXiv:2303.15343, section 3. Both compare the pooled, projected output of either tower
by the cosine.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tiefvision.encoders.libraries.architecture import (
    give_weights,
    require_memory,
    shapes_of,
)
from tiefvision.encoders.libraries.loading import (
    RANDOM,
    open_clip_state,
    refuse_others,
)
from tiefvision.encoders.libraries.names import OPEN_CLIP
from tiefvision.encoders.libraries.open_clip_towers import (
    build_model,
    model_settings,
    open_clip_preprocessing,
)
from tiefvision.encoders.libraries.words import tokenise
from tiefvision.encoders.preprocessing import Preprocessing
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.engines.folding import Arrays, take_array
from tiefvision.engines.modules import arrays_of

BLOCK = 32
"""Crops that the image tower reads at a time."""


@dataclass(frozen=True, eq=False)
class JointModel:
    """An image tower and a text tower whose embeddings can be compared.

    Attributes:
        name: open_clip's name of the model, such as "ViT-B-16-SigLIP".
        weights: weights of both towers by the names of a checkpoint.
        tokeniser: content of a tokenizer.json; "" for that of CLIP.
        device: device of the towers, by torch's name.
    """

    name: str
    weights: Arrays
    tokeniser: str = ""
    device: str = "cpu"

    def embed_images(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed crops.

        A crop is resized to the side that the model reads, not cut.

        Args:
            pixels: crops, (B, S, S, 3) uint8 RGB.

        Returns:
            Embeddings of unit length, (B, D) float32.
        """
        rows = [
            self._embed_block(pixels[start : start + BLOCK])
            for start in range(0, len(pixels), BLOCK)
        ]
        size = embedding_size(self.name)
        return np.concatenate([np.empty((0, size), dtype=np.float32), *rows])

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed descriptions, at least one, to unit length, (B, D) float32.

        Raises:
            BadUsage: The model's tokeniser is not there, or cannot be used.
        """
        tokens = torch.from_numpy(tokenise(self.name, texts, self.tokeniser))
        return _unit(self._network.encode_text(tokens.to(self._device)))

    @torch.inference_mode()
    def _embed_block(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        preprocessing, side = self._preprocessing, image_side(self.name)
        images = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
        images = images.permute(0, 3, 1, 2).float()
        if images.shape[-2:] != (side, side):
            images = functional.interpolate(
                images, (side, side), mode="bicubic", antialias=True
            ).clamp(0, 255)
        mean, spread = (
            torch.tensor(levels, device=self._device).view(3, 1, 1)
            for levels in (preprocessing.mean, preprocessing.spread)
        )
        return _unit(self._network.encode_image((images - mean) / spread))

    @cached_property
    def _preprocessing(self) -> Preprocessing:
        return open_clip_preprocessing(self.name)

    @cached_property
    def _device(self) -> torch.device:
        return torch.device(self.device)

    @cached_property
    def _network(self) -> Any:
        with _BUILDING:
            network = build_model(self.name)
        give_weights(network, self.weights)
        return network.to(self._device)


_BUILDING = threading.Lock()
"""Threads of a server that ask for one model at the same time build it in turns."""


def _unit(embeddings: Tensor) -> NDArray[np.float32]:
    unit = functional.normalize(embeddings.float(), dim=-1)
    return np.asarray(unit.cpu().numpy(), dtype=np.float32)


def image_side(name: str) -> int:
    """Side in pixels of the photographs that a model reads."""
    side = model_settings(name)["vision_cfg"].get("image_size", 224)
    return int(side[0] if isinstance(side, list | tuple) else side)


def embedding_size(name: str) -> int:
    """Length D of a model's embeddings."""
    return int(model_settings(name)["embed_dim"])


def joint_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights of both towers, by the names of a checkpoint.

    Raises:
        BadUsage: open_clip is not installed, or does not know the name.
    """
    model_settings(name)
    with torch.device("meta"):
        return shapes_of(build_model(name))


def load_joint(
    name: str, source: str, seed: int = 0
) -> tuple[dict[str, NDArray[np.float32]], str]:
    """Load the weights of both towers.

    Args:
        name: open_clip's name of the model.
        source: path of a checkpoint (safetensors), "random", or "hub" as for encoders.
        seed: seed of random weights; unused otherwise.

    Returns:
        Weights by the names of a checkpoint, and the name of the weights.

    Raises:
        BadUsage: open_clip is not installed, or does not know the name.
        BadWeights: The weights cannot be read, or are not those of the model; the
            message names the first array that is missing or too much.
    """
    encoder, shapes = f"{OPEN_CLIP}:{name}", joint_shapes(name)
    require_memory(encoder, shapes)
    arrays: Mapping[str, NDArray[Any]]
    if source == RANDOM:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            arrays = arrays_of(build_model(name))
        label = where = f"random (seed {seed})"
    elif source.partition(":")[0] == "hub":
        arrays = open_clip_state(name, source.partition(":")[2])
        label, where = source, f"The {source} file"
    else:
        file = read_weights_file(Path(source))
        arrays, label, where = file.arrays, file.name, source
    taken = {
        part: take_array(arrays, part, shape, where) for part, shape in shapes.items()
    }
    refuse_others(arrays, shapes, encoder, where)
    return taken, label
