"""The bottleneck that MobileNetV2 introduced and EfficientNet-Lite takes over.

Source: Sandler et al., MobileNetV2, arXiv:1801.04381, section 3.3 and table 1.
"""

from dataclasses import dataclass

from tiefvision.engines.layers import (
    Activation,
    Convolution,
    Layer,
    Padding,
    Residual,
)

RELU6 = Activation("relu6")


@dataclass(frozen=True)
class Bottleneck:
    """Expansion, depthwise convolution, and projection without activation.

    Attributes:
        inputs: channels that it reads.
        outputs: channels of its result.
        expansion: factor of the channels between; 1 leaves the expansion out.
        kernel: side of the depthwise kernel in cells.
        stride: stride of the depthwise convolution.
        padding: zeros before and after the map, for the depthwise convolution.
        dilation: dilation of the depthwise convolution.
        names: published names of each convolution and of the batch normalisation
            behind it, in order.
    """

    inputs: int
    outputs: int
    expansion: int
    kernel: int
    stride: int
    padding: Padding
    dilation: int
    names: tuple[tuple[str, str], ...]

    def layers(self) -> tuple[Layer, ...]:
        """The layers; in a ``Residual`` where input and output have one shape."""
        hidden = self.inputs * self.expansion
        *expand, depthwise, project = self.names
        body: list[Layer] = []
        for name, norm in expand:
            first = Convolution(self.inputs, hidden, 1, published=name, norm=norm)
            body += [first, RELU6]
        middle = Convolution(
            hidden,
            hidden,
            self.kernel,
            self.stride,
            self.padding,
            self.dilation,
            groups=hidden,
            published=depthwise[0],
            norm=depthwise[1],
        )
        last = Convolution(
            hidden, self.outputs, 1, published=project[0], norm=project[1]
        )
        body += [middle, RELU6, last]
        if self.stride == 1 and self.inputs == self.outputs:
            return (Residual(tuple(body)),)
        return tuple(body)
