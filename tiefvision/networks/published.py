"""A network of the literature as data: its parts, and what they amount to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from tiefvision.errors import BadUsage
from tiefvision.networks.layers import (
    MOVING,
    Conv,
    Layer,
    Residual,
    Shape,
    Step,
    multiply_adds_of,
    scaled,
    walk,
)
from tiefvision.networks.trunks import Trunk

Reads = Literal["unit", "imagenet", "caffe"]
"""What the first layer reads: RGB in [0, 1]; RGB less ImageNet's mean, divided by its
standard deviation; or BGR in [0, 255] without a mean."""

MEBIBYTE = 2**20

MOST_WIDTH = 4.0
"""Largest width: parameters grow with its square."""


@dataclass(frozen=True)
class Counts:
    """What a network amounts to.

    Attributes:
        parameters: number of parameters, moving means and variances among them, as
            Keras counts.
        trainable: number of those that training changes.
        embedding: length D of an embedding.
        multiply_adds: multiplications with their additions, for one image.
    """

    parameters: int
    trainable: int
    embedding: int
    multiply_adds: int

    @property
    def megabytes(self) -> int:
        """Size in float32, in MiB, truncated, as in MILDNet's table 1."""
        return megabytes_of(self.parameters)


def megabytes_of(parameters: int) -> int:
    """Size in float32, in MiB, truncated."""
    return parameters * 4 // MEBIBYTE


@dataclass(frozen=True, eq=False)
class Published:
    """A network: a trunk with skip connections, shallow paths, an embedding.

    The means of the blocks in ``skips`` are concatenated and go through ``head``;
    without skips it is the map of the last block. Each shallow path reads the image.
    Their results are concatenated and go through ``joined``; then come head and
    ``embed``.

    Attributes:
        name: name on the command line: the literal name of the publication.
        system: the system that it belongs to.
        summary: what its ranker compares, in a sentence without a full stop.
        trunk: trunk of an ImageNet network.
        head: layers behind the trunk.
        skips: blocks of the trunk whose means the head reads.
        shallow: layers of each shallow path.
        joined: layers behind all shallow paths.
        embed: layers behind shallow paths and head, in this order.
        frozen: first convolutions of the trunk that are not trained.
        side: side of the image in pixels.
        reads: preprocessing of the publication.
        paper: figures of the publication; None if it has none.
    """

    name: str
    system: str
    summary: str
    trunk: Trunk
    head: tuple[Layer, ...] = ()
    skips: tuple[str, ...] = ()
    shallow: tuple[tuple[Layer, ...], ...] = ()
    joined: tuple[Layer, ...] = ()
    embed: tuple[Layer, ...] = ()
    frozen: int = 0
    side: int = 224
    reads: Reads = "unit"
    paper: str | None = None

    @cached_property
    def counts(self) -> Counts:
        """Its size as published."""
        return counts_of(self, 1.0)

    @property
    def embedding(self) -> int:
        """Length D of an embedding."""
        return self.counts.embedding

    @property
    def parameters(self) -> int:
        """Number of parameters, as Keras counts."""
        return self.counts.parameters

    @property
    def trainable(self) -> int:
        """Number of parameters that training changes."""
        return self.counts.trainable

    @property
    def multiply_adds(self) -> int:
        """Multiplications with their additions, for one image."""
        return self.counts.multiply_adds

    @property
    def megabytes(self) -> int:
        """Size in float32, in MiB, truncated."""
        return self.counts.megabytes


@dataclass(frozen=True, eq=False)
class Plan:
    """The layers of a network at their places, for one width.

    Attributes:
        steps: layers with the shapes that they read; those of residuals come behind it.
        frozen: names of layers that are not trained.
        embedding: length D of an embedding.
    """

    steps: tuple[Step, ...]
    frozen: frozenset[str]
    embedding: int

    @property
    def arrays(self) -> dict[str, Shape]:
        """Shapes of all arrays by name."""
        return {
            name: shape for step in self.steps for name, shape in step.arrays.items()
        }


def require_width(width: float) -> None:
    """Raises BadUsage unless a width is above 0 and at most ``MOST_WIDTH``."""
    if not 0 < width <= MOST_WIDTH:  # also refuses nan
        raise BadUsage(
            f"A width of {width:g} is out of range.",
            f"Use --width with a number above 0, {MOST_WIDTH:g} at most.",
        )


@lru_cache(maxsize=64)
def plan_of(network: Published, width: float) -> Plan:
    """The layers of a network with ``width`` times as many channels everywhere.

    ``width`` 1 is the published network. Others are small forms of this project, as
    MobileNet's alpha makes them (arXiv:1704.04861, section 3.3).
    """
    steps: list[Step] = []

    def send(layers: tuple[Layer, ...], shape: Shape, prefix: str) -> Shape:
        narrow = [scaled(layer, width) for layer in layers]
        return walk(narrow, shape, prefix, steps.append)

    image: Shape = (3, network.side, network.side)
    shape, pooled = image, 0
    for block, layers in network.trunk.blocks.items():
        shape = send(layers, shape, f"deep.{block}.")
        pooled += shape[0] if block in network.skips else 0
    frozen = frozenset(_first(steps, network.frozen))
    deep = send(network.head, (pooled,) if network.skips else shape, "head.")
    length = 0
    for number, path in enumerate(network.shallow):
        (size,) = send(path, image, f"shallow.{number}.")
        length += size
    if length:
        (length,) = send(network.joined, (length,), "joined.")
        deep = (length + deep[0],)
    (embedding,) = send(network.embed, deep, "embed.")
    return Plan(tuple(steps), frozen, embedding)


def counts_of(network: Published, width: float) -> Counts:
    """What a network amounts to with ``width`` times as many channels everywhere."""
    plan = plan_of(network, width)
    parameters = trainable = multiply_adds = 0
    for step in plan.steps:
        for name, shape in step.arrays.items():
            count = math.prod(shape)
            parameters += count
            moving = name.rsplit(".", 1)[-1] in MOVING
            trainable += 0 if moving or step.name in plan.frozen else count
        multiply_adds += multiply_adds_of(step.layer, step.reads)
    return Counts(parameters, trainable, plan.embedding, multiply_adds)


def _first(steps: list[Step], convolutions: int) -> Iterator[str]:
    """Names of the first convolutions and of what stands between and behind them."""
    seen = 0
    for step in steps:
        seen += isinstance(step.layer, Conv)
        # A residual comes before its layers, each of which decides for itself.
        if seen <= convolutions and not isinstance(step.layer, Residual):
            yield step.name
