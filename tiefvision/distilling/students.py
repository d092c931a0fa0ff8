"""A trunk in the form in which it trains well, and back.

Batch normalisation (Ioffe & Szegedy, arXiv:1502.03167) and parallel branches (Ding et
al., RepVGG, arXiv:2101.03697, 3) let a plain stack of convolutions be trained from
nothing. Both are linear once training is over, so they are folded into the trunk's own
convolutions: what ships has the published layers and costs what they cost.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

BRANCHED_KERNEL = 3
"""Side of the kernels that get a 1x1 branch, and the identity where shapes allow."""

COLOURS = 3
"""Channels of a photograph. A 1x1 kernel over them alone sees next to nothing, and
oneDNN's bfloat16 gradient of one at stride 2 crashes (torch 2.15)."""


class _Branch(nn.Module):
    """A convolution without bias, or none, and its batch normalisation."""

    def __init__(self, convolution: nn.Conv2d | None, channels: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, maps: Tensor) -> Tensor:
        convolved = maps if self.convolution is None else self.convolution(maps)
        normalised: Tensor = self.norm(convolved)
        return normalised


class NormalisedConvolution(nn.Module):
    """A convolution while it is trained: normalised branches, summed."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.side = convolution.kernel_size[0]
        inputs, outputs = convolution.in_channels, convolution.out_channels
        stride, padding = convolution.stride[0], int(convolution.padding[0])
        branches = [
            _Branch(_unbiased(inputs, outputs, self.side, stride, padding), outputs)
        ]
        if self.side == BRANCHED_KERNEL and inputs > COLOURS:
            branches.append(_Branch(_unbiased(inputs, outputs, 1, stride, 0), outputs))
            if inputs == outputs and stride == 1:
                branches.append(_Branch(None, outputs))
        self.branches = nn.ModuleList(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h', w'), as the convolution does."""
        total: Tensor = self.branches[0](maps)
        for branch in self.branches[1:]:
            total = total + branch(maps)
        return total

    @torch.no_grad()
    def fold(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the one convolution that does the same in evaluation."""
        folded = [_fold(branch, self.side) for branch in self.branches]
        weight = torch.stack([weight for weight, _ in folded]).sum(dim=0)
        return weight, torch.stack([bias for _, bias in folded]).sum(dim=0)


def trainable_form(trunk: nn.Sequential) -> nn.Sequential:
    """The same layers with every convolution normalised; weights start anew.

    Args:
        trunk: Convolutions, ReLU and pooling in a row, such as AlexNet's.

    Raises:
        ValueError: The trunk has other layers; those of published networks with
            batch normalisation of their own would have to be folded too.
    """
    layers: list[nn.Module] = []
    for layer in trunk:
        if isinstance(layer, nn.Conv2d):
            layers.append(NormalisedConvolution(layer))
        elif isinstance(layer, nn.ReLU | nn.MaxPool2d):
            layers.append(layer)
        else:
            raise ValueError(f"a {type(layer).__name__} cannot be trained this way")
    return nn.Sequential(*layers)


def fold_student(student: nn.Sequential) -> dict[str, Tensor]:
    """The weights of the trunk, by its names, that does what a student does."""
    state: dict[str, Tensor] = {}
    for number, layer in enumerate(student):
        if isinstance(layer, NormalisedConvolution):
            state[f"{number}.weight"], state[f"{number}.bias"] = layer.fold()
    return state


def _unbiased(
    inputs: int, outputs: int, side: int, stride: int, padding: int
) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, stride, padding, bias=False)


def _fold(branch: nn.Module, side: int) -> tuple[Tensor, Tensor]:
    """W' = W g / s and b' = b - m g / s, the kernel centred in side x side cells."""
    assert isinstance(branch, _Branch)
    norm = branch.norm
    assert norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    if branch.convolution is None:
        kernel = torch.eye(len(scale), device=scale.device)[:, :, None, None]
    else:
        kernel = branch.convolution.weight
    around = (side - kernel.shape[-1]) // 2
    kernel = functional.pad(kernel, (around,) * 4)
    return kernel * scale[:, None, None, None], norm.bias - norm.running_mean * scale
