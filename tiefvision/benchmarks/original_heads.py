"""Heads of the sizes in TiefVision's published code, to compare the cost with.

They are fully connected layers over all channels of a window, written as convolutions:
a classifier of 1024, 256 and 2 units with ReLU, and four regressors of 512, 128 and 1
units with tanh. Source: TiefVision's Lua code.
"""

from torch import Tensor, nn

CLASSIFIER_UNITS = (1024, 256, 2)
REGRESSOR_UNITS = (512, 128, 1)


class OriginalHeads(nn.Module):
    """Heads of TiefVision's sizes with random weights; only their cost is of interest.

    Args:
        channels: channels C of the map.
        window: side of a window in cells.
    """

    def __init__(self, channels: int, window: int) -> None:
        super().__init__()
        self.classifier = _units(channels, window, CLASSIFIER_UNITS, nn.ReLU)
        self.regressors = nn.ModuleList(
            _units(channels, window, REGRESSOR_UNITS, nn.Tanh) for _ in range(4)
        )

    def forward(self, cells: Tensor) -> list[Tensor]:
        """Evaluate every window of a map (1, C, h, w) with each of the five networks.

        Returns:
            Five arrays (1, units of the last layer, rows, columns).
        """
        return [head(cells) for head in (self.classifier, *self.regressors)]


def _units(
    channels: int, window: int, units: tuple[int, ...], activation: type[nn.Module]
) -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs, kernel = channels, window
    for outputs in units:
        layers += [nn.Conv2d(inputs, outputs, kernel), activation()]
        inputs, kernel = outputs, 1
    return nn.Sequential(*layers[:-1])
