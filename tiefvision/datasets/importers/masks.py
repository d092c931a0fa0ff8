"""Boxes of label masks, without stray pixels."""

import numpy as np
from numpy.typing import NDArray

from tiefvision.records import Box

SPECK_SHARE = 0.02
"""Connected parts below this share of their label's pixels are left out as specks, such
as a coat's label that continues on a car, or cuffs and hems with the label of another
garment. On Clothing Co-Parsing this changes 3 % of the boxes, and 1.4 % to an IoU below
0.9. With 0.05, collars and what shows of a dress above a closed jacket would be left
out too."""

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.bool_)


def mask_box(mask: NDArray[np.bool_], speck_share: float = SPECK_SHARE) -> Box:
    """The box around the connected parts of a mask, without specks.

    Args:
        mask: (height, width) bool, at least one pixel set.
        speck_share: Smallest share of the set pixels that a connected part must have to
            count, in [0, 1]; 0 keeps every part. The largest part always counts.

    Returns:
        Box in pixels of the mask.
    """
    from scipy import ndimage

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
