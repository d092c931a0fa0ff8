"""The networks of the literature as torch modules, made from the same data as counts.

The arrays of a module have the names that ``Plan.arrays`` gives.
"""

import math
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from tiefvision.encoders.preprocessing import IMAGENET
from tiefvision.engines.modules import Added
from tiefvision.networks.layers import (
    GLOROT,
    HE,
    BatchNorm,
    Beginning,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Gaussian,
    LocalNorm,
    MaxPool,
    Mean,
    Relu,
    Residual,
    Shape,
    Shrink,
    Squash,
    Step,
    Subsample,
    Unit,
    Zeros,
    padding_of,
)
from tiefvision.networks.published import Published, plan_of, require_width
from tiefvision.networks.table import network_named

KERAS_MOMENTUM = 0.01
"""Share of a batch in the moving mean and variance: 1 less the momentum of Keras."""

LEAST_LENGTH = 1e-6
"""Lower bound of a length that divides: sqrt of the 1e-12 of TensorFlow's
``l2_normalize``."""


class ImageNetwork(nn.Module):
    """A network of the literature.

    Attributes:
        published: the network as data.
        width: its channels, relative to the published ones.
        side: side of its images in pixels.
        size: length D of an embedding.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, published: Published, width: float = 1.0) -> None:
        super().__init__()
        plan = plan_of(published, width)
        made = {step.name: _module(step) for step in plan.steps}
        self.published, self.width = published, width
        self.side, self.size = published.side, plan.embedding
        self.deep = nn.ModuleDict(
            {
                block: _sequence(made, f"deep.{block}.")
                for block in published.trunk.blocks
            }
        )
        self.head = _sequence(made, "head.")
        self.shallow = nn.ModuleList(
            _sequence(made, f"shallow.{number}.")
            for number in range(len(published.shallow))
        )
        self.joined = _sequence(made, "joined.")
        self.embed = _sequence(made, "embed.")
        self._frozen = [made[name] for name in sorted(plan.frozen)]
        for module in self._frozen:
            module.requires_grad_(False)
        scale, shift = _preprocessing(published)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    def train(self, mode: bool = True) -> Self:
        """Train or evaluate; what is frozen always evaluates."""
        super().train(mode)
        for module in self._frozen:
            module.train(False)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Embed B images.

        Args:
            images: (B, 3, side, side) float32 RGB in [0, 1]; what the publication does
                to pixels happens here.

        Returns:
            The published output, (B, D) float32. It is not always of unit length.
        """
        if self.published.reads == "caffe":
            images = images.flip(1)
        images = images * self.scale + self.shift
        value, means = images, []
        for name, block in self.deep.items():
            value = block(value)
            if name in self.published.skips:
                means.append(value.mean((2, 3)))
        deep: Tensor = self.head(torch.cat(means, dim=1) if means else value)
        if not self.shallow:
            embedded: Tensor = self.embed(deep)
            return embedded
        paths = torch.cat([path(images) for path in self.shallow], dim=1)
        embedded = self.embed(torch.cat([self.joined(paths), deep], dim=1))
        return embedded


def build_network(name: str, width: float = 1.0, seed: int = 0) -> ImageNetwork:
    """Build a network with random weights, drawn as its publication draws them.

    ``start_backbone`` loads others into its trunk. On torch's device "meta" nothing is
    allocated or drawn.

    Args:
        name: name of the network, one of ``NETWORKS``.
        width: channels of every layer, relative to the published ones; above 0.
        seed: seed of the weights.

    Raises:
        BadUsage: The name is unknown, or the width is out of range.
    """
    published = network_named(name)
    require_width(width)
    network = ImageNetwork(published, width)
    generator = torch.Generator("cpu").manual_seed(seed)
    modules = dict(network.named_modules())
    for step in plan_of(published, width).steps:
        if isinstance(step.layer, Conv | Dense):
            _begin(modules[step.name], step.layer.beginning, generator)
    return network


def _sequence(made: dict[str, nn.Module], prefix: str) -> nn.Sequential:
    """The modules right under a prefix, in order; residuals take what is below them."""
    modules = []
    for name, module in made.items():
        place = name.removeprefix(prefix)
        if name.startswith(prefix) and "." not in place:
            inner = isinstance(module, Added)
            modules.append(Added(*_sequence(made, f"{name}.")) if inner else module)
    return nn.Sequential(*modules)


def _module(step: Step) -> nn.Module:
    layer, reads = step.layer, step.reads
    match layer:
        case Conv() | Dense():
            return _weighted(layer, reads)
        case BatchNorm(eps):
            norm = nn.BatchNorm1d if len(reads) == 1 else nn.BatchNorm2d
            return norm(reads[0], eps, KERAS_MOMENTUM)
        case Relu(most):
            return nn.ReLU6() if most else nn.ReLU()
        case Squash(kind):
            return nn.Tanh() if kind == "tanh" else nn.Sigmoid()
        case Dropout(rate):
            return nn.Dropout(rate)
        case MaxPool():
            return _pool(layer, reads[1])
        case LocalNorm(size, alpha, beta, k):
            return nn.LocalResponseNorm(size, alpha, beta, k)
        case Zeros(width):
            return nn.ZeroPad2d(width)
        case Subsample(step_of_pixels):
            return EveryPixel(step_of_pixels)
        case Flatten():
            return nn.Flatten()
        case Mean():
            return MeanOfMap()
        case Unit():
            return UnitLength()
        case Shrink():
            return Shrunk()
        case Residual():
            return Added()


def _weighted(layer: Conv | Dense, reads: Shape) -> nn.Module:
    """A layer whose weights are not drawn yet."""
    if isinstance(layer, Dense):
        return _empty(nn.Linear, reads[0], layer.outputs)
    before, behind = padding_of(layer, reads[1])
    convolution = _empty(
        nn.Conv2d,
        reads[0],
        layer.outputs or reads[0],
        layer.kernel,
        layer.stride,
        before if before == behind else 0,
        groups=layer.groups if layer.outputs else reads[0],
        bias=layer.bias,
    )
    if before != behind:
        convolution.register_forward_pre_hook(_UnevenZeros(before, behind))
    return convolution


def _empty(kind: type[nn.Module], *sizes: int, **options: Any) -> nn.Module:
    """A module whose memory is allocated and not filled."""
    module: nn.Module = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        kind, *sizes, device=torch.get_default_device(), **options
    )
    return module


def _pool(layer: MaxPool, side: int) -> nn.Module:
    before, behind = padding_of(layer, side)
    if before == behind:
        return nn.MaxPool2d(layer.kernel, layer.stride, before, ceil_mode=layer.ceil)
    around = nn.ConstantPad2d((before, behind) * 2, -torch.inf)
    return nn.Sequential(around, nn.MaxPool2d(layer.kernel, layer.stride))


class _UnevenZeros:
    """Pads what a convolution reads: its own padding is the same on both sides."""

    def __init__(self, before: int, behind: int) -> None:
        self.around = (before, behind) * 2

    def __call__(self, module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
        return (functional.pad(inputs[0], self.around),)


class EveryPixel(nn.Module):
    """Every n-th pixel of a map, from the first."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) to (B, C, ceil(h / n), ceil(w / n))."""
        return maps[:, :, :: self.step, :: self.step]


class MeanOfMap(nn.Module):
    """The mean of each channel."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) to (B, C)."""
        return maps.mean((2, 3))


class UnitLength(nn.Module):
    """Unit length over the channels; all cells of a map together have it as well."""

    def forward(self, values: Tensor) -> Tensor:
        """(B, C) or (B, C, h, w) to the same shape."""
        unit: Tensor = functional.normalize(values, dim=1, eps=LEAST_LENGTH)
        return unit / math.sqrt(math.prod(values.shape[2:]))


class Shrunk(nn.Module):
    """x / sqrt(1 + |x|^2), of rows."""

    def forward(self, rows: Tensor) -> Tensor:
        """(B, C) to the same shape."""
        shares: Tensor = (1 + rows.square().sum(1, keepdim=True)).rsqrt()
        return rows * shares


@torch.no_grad()
def _begin(module: nn.Module, beginning: Beginning, generator: torch.Generator) -> None:
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    if weight.is_meta:
        return
    if beginning == HE:
        nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)
    elif beginning == GLOROT:
        nn.init.xavier_uniform_(weight, generator=generator)
    else:
        nn.init.normal_(weight, 0.0, beginning.spread, generator=generator)
    if isinstance(bias, Tensor):
        bias.fill_(beginning.bias if isinstance(beginning, Gaussian) else 0.0)


def _preprocessing(published: Published) -> tuple[Tensor, Tensor]:
    """Factor and summand of pixels in [0, 1], (3, 1, 1) each, never on "meta"."""
    mean, spread = (
        torch.tensor(values, dtype=torch.float32, device="cpu").reshape(3, 1, 1)
        for values in (IMAGENET.mean, IMAGENET.spread)
    )
    if published.reads == "imagenet":
        return 255 / spread, -mean / spread
    levels = 255.0 if published.reads == "caffe" else 1.0
    return torch.full_like(mean, levels), torch.zeros_like(mean)
