"""Dense encoding: one pass over a photograph encodes every crop of it.

Source: TiefVision's slides, step 1; Sermanet et al., OverFeat (arXiv:1312.6229), 3.5.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.architectures import (
    CROP_SIDE,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.identity import EncoderIdentity, hash_arrays
from tiefvision.encoders.weights import load_weights, weights_of
from tiefvision.engines.choice import Backend
from tiefvision.engines.folding import Arrays
from tiefvision.engines.formats import AUTO, Precision, fastest_format
from tiefvision.engines.protocol import Engine, Format, Run

Border = tuple[int, int]
"""Pixels added to a photograph: left and right, above and below."""

NO_BORDER: Border = (0, 0)

FeatureMap = NDArray[np.float32]
"""A feature map, (C, h, w) float32."""


class DenseEncoder:
    """A trunk with its preprocessing; compiled by an engine when it is first used.

    Args:
        architecture: architecture of the trunk.
        weights: weights and biases of the trunk by name, float32.
        label: name of the weights, for the identity.
        engine: engine that computes; the one for this machine's CPU or GPU if None.
        precision: number format of the arithmetic.

    Attributes:
        architecture: architecture of the trunk.
        weights: weights and biases of the trunk by name, float32.
        identity: identity by which feature maps can be compared.
        engine: engine that computes.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Arrays,
        label: str,
        engine: Engine | None = None,
        precision: Precision = AUTO,
    ) -> None:
        self.architecture = architecture
        self.weights = weights
        self.identity = EncoderIdentity(
            architecture.name,
            label,
            hash_arrays(weights),
            architecture.preprocessing.name,
        )
        self.engine = engine or Backend().inference
        self._precision = precision

    @cached_property
    def number_format(self) -> Format:
        """Number format of the arithmetic; "auto" is decided by timing."""
        if self._precision == "float32" or self._precision == "bfloat16":
            return self._precision
        if not self.architecture.bears_bfloat16:
            return "float32"
        layers = self.architecture.layers
        return fastest_format(self.engine, self.identity.name, layers, self.weights)

    def encode(
        self, photo: NDArray[np.uint8], border: Border = NO_BORDER
    ) -> FeatureMap:
        """Encode a photograph.

        Args:
            photo: photograph, (H, W, 3) uint8 RGB.
            border: pixels of mean colour added left and right, and above and below, so
                that a window can reach beyond the edge.

        Returns:
            Feature map, (C, h, w) float32. The window whose first cell is (row, column)
            encodes the crop that ``crop_of_window`` gives.
        """
        pixels = standardise(photo, self.architecture, border)
        encoded: FeatureMap = self._run(pixels)[0]
        return encoded

    @cached_property
    def _run(self) -> Run:
        return self.architecture.compile(self.weights, self.engine, self.number_format)


def standardise(
    photo: NDArray[np.uint8], architecture: Architecture, border: Border = NO_BORDER
) -> NDArray[np.float32]:
    """The preprocessing of an architecture, and the border.

    Args:
        photo: photograph, (H, W, 3) uint8 RGB.
        architecture: architecture that will read the pixels.
        border: pixels added left and right, and above and below.

    Returns:
        Standardised pixels, (1, H + 2 above, W + 2 beside, 3) float32; 0, the mean
        colour, in the border.
    """
    height, width = photo.shape[:2]
    beside, above = border
    # Rows of W * 3 numbers, since broadcasting over 3 numbers takes as long as a layer.
    rows = photo.reshape(height, width * 3)
    mean, spread = (
        np.tile(np.asarray(part, dtype=np.float32), width)
        for part in (architecture.preprocessing.mean, architecture.preprocessing.spread)
    )
    framed = np.zeros((height + 2 * above, (width + 2 * beside) * 3), dtype=np.float32)
    inner = framed[above : above + height, 3 * beside : 3 * (beside + width)]
    np.subtract(rows, mean, out=inner)
    np.divide(inner, spread, out=inner)
    return framed.reshape(1, height + 2 * above, width + 2 * beside, 3)


def make_encoder(
    name: str,
    weights: str,
    seed: int = 0,
    engine: Engine | None = None,
    precision: Precision = AUTO,
) -> DenseEncoder:
    """Build an encoder by name.

    Args:
        name: name of the architecture, as for ``architecture_named``.
        weights: source of the weights, as for ``load_weights``.
        seed: seed of random weights.
        engine: engine that computes; the one for this machine if None.
        precision: number format of the arithmetic.

    Raises:
        BadUsage: The architecture is unknown.
        BadWeights: The weights cannot be loaded or have another architecture.
    """
    architecture = architecture_named(name)
    arrays, label = load_weights(architecture, weights, seed)
    return DenseEncoder(architecture, arrays, label, engine, precision)


def restore_encoder(
    identity: Mapping[str, Any],
    state: Arrays,
    engine: Engine | None = None,
    precision: Precision = AUTO,
) -> DenseEncoder:
    """Rebuild an encoder from its identity and its weights.

    Args:
        identity: identity of the encoder, as ``EncoderIdentity.to_dict`` gives it.
        state: weights by name.
        engine: engine that computes; the one for this machine if None.
        precision: number format of the arithmetic.

    Raises:
        BadUsage: The architecture is unknown.
        BadWeights: The weights have another architecture.
    """
    architecture = architecture_named(identity["name"])
    arrays = weights_of(architecture, state, "The artifact")
    return DenseEncoder(architecture, arrays, identity["weights"], engine, precision)


def crop_of_window(
    row: int, column: int, architecture: Architecture, border: Border = NO_BORDER
) -> tuple[int, int, int, int]:
    """The crop that a window of a feature map encodes.

    Args:
        row: row of the window's first cell.
        column: column of the window's first cell.
        architecture: architecture of the encoder.
        border: border with which the photograph was encoded.

    Returns:
        x0, y0, x1, y1 in pixels of the photograph; they may lie outside of it.
    """
    x0 = column * architecture.stride - border[0]
    y0 = row * architecture.stride - border[1]
    return x0, y0, x0 + CROP_SIDE, y0 + CROP_SIDE
