"""The rules of affine augmentation; reading them imports no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AffineRules:
    """How far a picture may be changed; every value is drawn for each picture alone.

    Attributes:
        mirror: whether it is mirrored with probability 1/2.
        upside_down: whether it is turned upside down with probability 1/2.
        zoom: by how much its width and its height, each alone, may be scaled, as a
            share: factors are uniform in [1 - zoom, 1 + zoom].
        shear: largest angle of shear in radians. Keras meant radians until the end of
            2017 and has meant degrees since (keras-team/keras#8868), where a usual 0.2
            does nothing that one could see.
        rotation: largest rotation in degrees, either way.
        shift: largest shift in x and in y, as a share of the side.
        crop: side of a random crop as a share of the side; 1 takes all.
    """

    mirror: bool = False
    upside_down: bool = False
    zoom: float = 0.0
    shear: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0
    crop: float = 1.0
