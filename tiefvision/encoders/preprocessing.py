"""What is done to the pixels of a photograph before the first layer of an encoder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preprocessing:
    """The mean that is subtracted from RGB levels, and the spread that divides them.

    A border is added afterwards: its zeros are the mean colour.

    Attributes:
        name: name in the identity of an encoder.
        mean: mean of red, green and blue, in levels of 0 to 255.
        spread: standard deviation of red, green and blue, in levels.
    """

    name: str
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]


IMAGENET = Preprocessing(
    "RGB / 255, ImageNet mean and std, zero border",
    (0.485 * 255, 0.456 * 255, 0.406 * 255),
    (0.229 * 255, 0.224 * 255, 0.225 * 255),
)
"""That of torchvision's networks."""

CAFFE = Preprocessing(
    "RGB - ILSVRC-2012 mean, zero border", (122.679, 116.669, 104.007), (1.0,) * 3
)
"""The mean colour of ImageNet's training photographs, as Caffe's files of weights take
it. TiefVision subtracts the mean image instead, resized to the photograph; the colour
is the same for every part of one."""

LITE = Preprocessing("(RGB - 127) / 128, zero border", (127.0,) * 3, (128.0,) * 3)
"""That of EfficientNet-Lite."""
