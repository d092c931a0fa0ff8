"""Groups of garments: what a shop sells, under the many names that datasets give it.

The difference between a blouse and a shirt is often a matter of taste, that between a
blouse and trousers is not. A garment therefore has a group, which is told whenever the
garment is found, and a label, which is told where it is sure.

The table maps the names of Clothing Co-Parsing, the Clothing dataset, DeepFashion2,
Street2Shop, Fashionpedia and the demo. A dataset may bring its own map (COCO's
``supercategory``), and a name that nothing maps is a group of its own.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

OUTFIT = "outfit"
"""The box around all garments of one person, as a group beside the others."""

UPPER, OUTER, LOWER, FULL = "upper", "outer", "lower", "full"

LABELS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        UPPER: frozenset(
            {
                "blouse",
                "bra",
                "hoodie",
                "long sleeve top",
                "longsleeve",
                "polo",
                "shirt",
                "shirt, blouse",
                "short sleeve top",
                "sling",
                "sweater",
                "sweatshirt",
                "t-shirt",
                "tank top",
                "top",
                "top, t-shirt, sweatshirt",
                "tops",
                "undershirt",
            }
        ),
        OUTER: frozenset(
            {
                "blazer",
                "cape",
                "cardigan",
                "coat",
                "jacket",
                "long sleeve outwear",
                "outerwear",
                "outwear",
                "short sleeve outwear",
                "vest",
            }
        ),
        LOWER: frozenset(
            {
                "jeans",
                "leggings",
                "pants",
                "shorts",
                "skirt",
                "skirts",
                "trousers",
            }
        ),
        FULL: frozenset(
            {
                "body",
                "bodysuit",
                "dress",
                "dresses",
                "jumper",
                "jumpsuit",
                "long sleeve dress",
                "romper",
                "short sleeve dress",
                "sling dress",
                "suit",
                "swimwear",
                "vest dress",
            }
        ),
    }
)
"""Names of garments by group. "vest" is the waistcoat of Clothing Co-Parsing; the tank
top that DeepFashion2 calls so needs that dataset's own map."""

GROUPS = tuple(LABELS)
"""Groups of the table; a dataset may have others."""

_GROUP_OF = {label: group for group, labels in LABELS.items() for label in labels}


def group_of(name: str, own: str = "") -> str:
    """The group of a name.

    Args:
        name: name that a dataset gives a garment.
        own: group that the dataset itself gives the name; "" for none.

    >>> group_of("Trousers"), group_of("vest", own="upper"), group_of("kimono")
    ('lower', 'upper', 'kimono')
    """
    if own:
        return own
    spoken = name.strip().lower().replace("_", " ")
    return spoken if spoken in (*GROUPS, OUTFIT) else _GROUP_OF.get(spoken, name)


def known_group(name: str) -> str:
    """The group of a shop's category; "" if the table does not tell it.

    A shop names its categories in the plural, and often with those above them.

    >>> known_group("Women > Jackets"), known_group("T-Shirts"), known_group("Sale")
    ('outer', 'upper', '')
    """
    last = re.split(r"[>/|]", name)[-1].strip().lower()
    for spoken in (last, last.removesuffix("s"), last.removesuffix("es")):
        group = group_of(spoken)
        if group in (*GROUPS, OUTFIT):
            return group
    return ""


def own_group(name: str, supercategory: str) -> str:
    """The group that a COCO file gives a name, where it is another than the table's.

    COCO files are full of supercategories such as "clothing"; only a supercategory that
    is one of ``GROUPS`` counts.

    Returns:
        The group; "" for that of the table.

    >>> own_group("vest", "upper"), own_group("vest", "clothing")
    ('upper', '')
    """
    known = supercategory in GROUPS and supercategory != group_of(name)
    return supercategory if known else ""


def label_of(name: str) -> str:
    """The label that a name tells beside its group; "" if it is the group itself.

    >>> label_of("skirt"), label_of("lower"), label_of("kimono")
    ('skirt', '', '')
    """
    return "" if group_of(name) == name else name
