"""Label masks to boxes, unmoved by stray pixels."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tiefvision.records import Box

SPECK_SHARE = 0.02
"""Connected parts under this share of their label are specks. On Clothing Co-Parsing
they move 3 % of the boxes, 1.4 % of them to an IoU under 0.9: coats' labels that run on
into cars, cuffs and hems of the wrong garment. At 0.05 collars and the upper half of
dresses under a closed jacket would go too."""

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.bool_)


def mask_box(mask: NDArray[np.bool_], speck_share: float = SPECK_SHARE) -> Box:
    """The box in pixels around the connected parts of a mask that are no specks.

    Args:
        mask: (height, width), at least one pixel set.
        speck_share: Of the set pixels; 0 keeps every one.
    """
    parts, _ = ndimage.label(mask, structure=_EIGHT_NEIGHBOURS)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0  # the background
    kept = sizes >= max(1, min(speck_share * sizes.sum(), sizes.max()))
    rows, columns = np.nonzero(kept[parts])
    return (
        float(columns.min()),
        float(rows.min()),
        float(columns.max() + 1),
        float(rows.max() + 1),
    )
