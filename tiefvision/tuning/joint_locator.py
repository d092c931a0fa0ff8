"""The network of joint training: a trunk, and everything that learns above it.

The layers before the last step of the map stay as they are: they see edges and colours,
which are the same everywhere, and their gradients would cost as much as all others.
"""

import torch
from torch import Tensor, nn

from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.locating.heads import (
    SIDES,
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    WindowNetwork,
    standardise_inputs,
)

MEMORY = 0.02
"""Weight of a batch in the running mean and spread of channels: batches are small."""

LABELS_REDUCED = 64
"""Channels between the map and the labels: few, so that the map itself has to say what
a label needs."""


class JointLocator(nn.Module):
    """A trunk and everything that learns above it.

    The heads read maps standardised by the running mean and spread of training;
    ``settle`` writes these into them when it is over.
    """

    def __init__(
        self,
        trunk: nn.Sequential,
        architecture: Architecture,
        categories: tuple[str, ...],
        classes: int,
        sizes: HeadSizes,
    ) -> None:
        super().__init__()
        channels, window = architecture.channels, architecture.window
        self.trunk = trunk
        _keep_dilated_layers_wide(trunk)
        early = early_layers(trunk, architecture.stride)
        for parameter in early.parameters():
            parameter.requires_grad_(False)
        self.standardise = nn.BatchNorm2d(channels, affine=False, momentum=MEMORY)
        self.labels = nn.Sequential(
            nn.Conv2d(channels, LABELS_REDUCED, 1),
            nn.BatchNorm2d(LABELS_REDUCED),
            nn.ReLU(),
            nn.Conv2d(LABELS_REDUCED, classes, 1),
        )
        self.classifier = CropClassifier(channels, window, categories, sizes)
        self.regressors = BoxRegressors(channels, window, len(categories), sizes)
        # One for each reduction: with them few passes teach more.
        self.scales = nn.ModuleList(
            nn.BatchNorm2d(sizes.reduced) for _ in self._networks()
        )

    def _networks(self) -> list[WindowNetwork]:
        """The classifier's network, then those of the four sides."""
        sides = [self.regressors.network(side) for side in SIDES]
        return [self.classifier.network, *sides]

    def train(self, mode: bool = True) -> "JointLocator":
        """Training mode, but for the statistics of the trunk.

        They come from far more photographs than a batch has.
        """
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What cells and windows of crops say, all float32.

        Args:
            crops: (B, 3, height, width) normalised RGB.

        Returns:
            Logits of the labels of cells (B, classes, h, w), of the categories of
            windows (B, categories, rows, columns), and the outputs of the regressors
            (B, 4, 2 * categories, rows, columns).
        """
        cells = self.standardise(self.trunk(crops))
        categories, *sides = (
            network.judge_reduced(scale(network.reduce(cells)))
            for network, scale in zip(self._networks(), self.scales, strict=True)
        )
        return (
            self.labels(cells).float(),
            categories.float(),
            torch.stack(sides, dim=1).float(),
        )

    def settle(self) -> None:
        """Give the heads all that they learnt under, so that they stand alone."""
        running = self.standardise
        mean, variance = running.running_mean, running.running_var
        assert mean is not None and variance is not None
        assert running.num_batches_tracked is not None
        # They began as 0 and 1, of which a short training leaves a part in them.
        learnt = 1 - (1 - MEMORY) ** int(running.num_batches_tracked)
        variance = (variance - (1 - learnt)) / learnt
        spread = (variance + running.eps).sqrt()
        for head in (self.classifier, self.regressors):
            standardise_inputs(head, mean / learnt, spread)
        for number, network in enumerate(self._networks()):
            _fold_scale(self.scales[number], network.reduce)
            self.scales[number] = nn.Identity()


@torch.no_grad()
def _fold_scale(scale: nn.Module, reduction: nn.Conv2d) -> None:
    """g (W x + b - m) / s + c = (g W / s) x + (b - m) g / s + c."""
    if not isinstance(scale, nn.BatchNorm2d):
        return
    assert scale.running_mean is not None and scale.running_var is not None
    assert reduction.bias is not None
    factor = scale.weight / (scale.running_var + scale.eps).sqrt()
    reduction.weight.mul_(factor[:, None, None, None])
    reduction.bias.sub_(scale.running_mean).mul_(factor).add_(scale.bias)


@torch.no_grad()
def early_layers(trunk: nn.Sequential, stride: int) -> nn.Sequential:
    """The layers of a trunk that run before its map has its stride."""
    pixels = torch.zeros(1, 3, CROP_SIDE, CROP_SIDE)
    trunk.eval()
    for number, layer in enumerate(trunk):
        pixels = layer(pixels)
        if CROP_SIDE // pixels.shape[-1] >= stride:
            return trunk[:number]
    return trunk


class _WideConvolution(nn.Conv2d):
    """A convolution that mixed precision leaves in float32."""

    def forward(self, input: Tensor) -> Tensor:
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


def _keep_dilated_layers_wide(trunk: nn.Module) -> None:
    """Put wide convolutions in the place of dilated ones, with their weights.

    The gradients of a dilated depthwise layer take oneDNN 2.6 times as long in bfloat16
    as in float32, and MobileNetV2 a fifth more for all of a step.
    """
    for parent in list(trunk.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, nn.Conv2d) and layer.dilation != (1, 1):
                wide = _WideConvolution(
                    layer.in_channels,
                    layer.out_channels,
                    layer.kernel_size,  # type: ignore[arg-type]
                    layer.stride,  # type: ignore[arg-type]
                    layer.padding,  # type: ignore[arg-type]
                    layer.dilation,  # type: ignore[arg-type]
                    layer.groups,
                    bias=layer.bias is not None,
                )
                wide.load_state_dict(layer.state_dict())
                setattr(parent, name, wide)
