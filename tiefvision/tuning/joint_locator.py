"""The network of joint training: the trunk of an encoder with heads on top.

The layers before the last downsampling are frozen: they detect edges and colours, which
all photographs have in common, and their gradients would cost as much as all others.
"""

import torch
from torch import Tensor, nn

from tiefvision.encoders.architectures import CROP_SIDE, Architecture
from tiefvision.locating.heads import (
    BoxRegressors,
    CropClassifier,
    HeadSizes,
    WindowNetwork,
    set_input_statistics,
)
from tiefvision.locating.sides import SIDES

STATISTICS_MOMENTUM = 0.02
"""Momentum of the running mean and variance of channels; low because batches are small.
"""

LABELS_REDUCED = 64
"""Channels between the map and the labels: few, so that the map itself has to encode
what predicts a label."""


class JointLocator(nn.Module):
    """The trunk of an encoder, label layers, classifier and regressors.

    In training the heads read maps that batch normalisation standardises.
    ``fold_into_heads`` writes its statistics into the heads after training.

    Args:
        trunk: layers of the encoder, trained in place except for the early ones.
        architecture: architecture of the trunk.
        categories: categories of the classifier and the regressors.
        classes: number of classes of pixel labels.
        sizes: widths of the heads' hidden layers.
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
        self.standardise = nn.BatchNorm2d(
            channels, affine=False, momentum=STATISTICS_MOMENTUM
        )
        self.labels = nn.Sequential(
            nn.Conv2d(channels, LABELS_REDUCED, 1),
            nn.BatchNorm2d(LABELS_REDUCED),
            nn.ReLU(),
            nn.Conv2d(LABELS_REDUCED, classes, 1),
        )
        self.classifier = CropClassifier(channels, window, categories, sizes)
        self.regressors = BoxRegressors(channels, window, len(categories), sizes)
        # Batch normalisation after each reduction speeds up training.
        self.scales = nn.ModuleList(
            nn.BatchNorm2d(sizes.reduced) for _ in self._networks()
        )

    def _networks(self) -> list[WindowNetwork]:
        """The network of the classifier, then those of the four regressors."""
        sides = [self.regressors.network(side) for side in SIDES]
        return [self.classifier.network, *sides]

    def train(self, mode: bool = True) -> "JointLocator":
        """Set the mode of all layers but the trunk, which stays in evaluation mode.

        The batch-normalisation statistics of the trunk were computed from far more
        photographs than a batch has.
        """
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Evaluate the cells and windows of crops.

        Args:
            crops: RGB, normalised with the mean and standard deviation of ImageNet,
                (B, 3, height, width).

        Returns:
            Three float32 arrays: logits of the label classes of cells,
            (B, classes, h, w); logits of the categories of windows,
            (B, categories, rows, columns); outputs of the regressors,
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

    def fold_into_heads(self) -> None:
        """Fold the batch normalisations into the heads, in place, after training.

        Afterwards classifier and regressors give the same outputs without the other
        layers of this module.
        """
        running = self.standardise
        mean, variance = running.running_mean, running.running_var
        assert mean is not None and variance is not None
        assert running.num_batches_tracked is not None
        # The running statistics started at 0 and 1; after a short training a part of
        # these initial values remains and is removed here.
        learnt = 1 - (1 - STATISTICS_MOMENTUM) ** int(running.num_batches_tracked)
        variance = (variance - (1 - learnt)) / learnt
        spread = (variance + running.eps).sqrt()
        for head in (self.classifier, self.regressors):
            set_input_statistics(head, mean / learnt, spread)
        for number, network in enumerate(self._networks()):
            _fold_scale(self.scales[number], network.reduce)
            self.scales[number] = nn.Identity()


@torch.no_grad()
def _fold_scale(scale: nn.Module, reduction: nn.Conv2d) -> None:
    """Fold a batch normalisation into the 1x1 convolution before it, in place.

    g (W x + b - m) / s + c = (g W / s) x + (b - m) g / s + c, with mean m, standard
    deviation s, weight g and bias c of the normalisation.
    """
    if not isinstance(scale, nn.BatchNorm2d):
        return
    assert scale.running_mean is not None and scale.running_var is not None
    assert reduction.bias is not None
    factor = scale.weight / (scale.running_var + scale.eps).sqrt()
    reduction.weight.mul_(factor[:, None, None, None])
    reduction.bias.sub_(scale.running_mean).mul_(factor).add_(scale.bias)


@torch.no_grad()
def early_layers(trunk: nn.Sequential, stride: int) -> nn.Sequential:
    """The layers of a trunk before the one that reaches the stride of the map.

    Args:
        trunk: layers of an encoder; set to evaluation mode.
        stride: stride of the encoder's map in pixels.
    """
    pixels = torch.zeros(1, 3, CROP_SIDE, CROP_SIDE)
    trunk.eval()
    for number, layer in enumerate(trunk):
        pixels = layer(pixels)
        if CROP_SIDE // pixels.shape[-1] >= stride:
            return trunk[:number]
    return trunk


class _WideConvolution(nn.Conv2d):
    """A convolution that computes in float32 also under mixed precision."""

    def forward(self, input: Tensor) -> Tensor:
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


def _keep_dilated_layers_wide(trunk: nn.Module) -> None:
    """Replace dilated convolutions by float32 ones of the same weights, in place.

    With oneDNN the gradients of a dilated depthwise convolution take 2.6 times as long
    in bfloat16 as in float32, which makes a whole step of MobileNetV2 a fifth slower.
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
