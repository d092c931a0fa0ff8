from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from tiefvision.boxes import area, intersection
from tiefvision.engines.choice import Backend
from tiefvision.engines.modules import arrays_of
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.head_training import AnnotatedPhoto
from tiefvision.locating.windows import Level
from tiefvision.records import Garment

CATEGORIES = ("coat", "hat")
SIDE = 560  # of every photograph, in pixels
STRIDE, WINDOW, BORDER = 56, 4, 112  # four cells are the 224 px of a window


@dataclass(frozen=True)
class World:
    """Painted photographs; every fifth is empty, the one before it shows two people.

    Attributes:
        training: Forty photographs.
        validation: Fifteen others.
        levels_of: Gives the one level of three channels that each has.
        categories: What garments are called.
        side: Of every photograph, in pixels.
        window: Cells on a side of a window.
    """

    training: Sequence[AnnotatedPhoto]
    validation: Sequence[AnnotatedPhoto]
    levels_of: Callable[[str], Sequence[Level]]
    categories: tuple[str, ...] = CATEGORIES
    side: int = SIDE
    window: int = WINDOW


def painted_level(garments, generator):
    """A map whose channels are the share of a cell that each category covers, noisy."""
    count = (SIDE + 2 * BORDER) // STRIDE
    y0, x0 = np.mgrid[:count, :count] * STRIDE - BORDER
    cells = np.stack([x0, y0, x0 + STRIDE, y0 + STRIDE], axis=-1)
    channels = [generator.normal(0, 0.1, (count, count))]
    for category in CATEGORIES:
        covered = np.zeros((count, count))
        for garment in garments:
            if garment.category == category:
                covered += intersection(cells, garment.box_in_image) / area(cells)
        channels.append(covered)
    cells = np.stack(channels).astype(np.float16)  # as artifacts keep maps
    return Level(cells, 1.0, 1.0, STRIDE, WINDOW, (BORDER, BORDER))


def draw_box(generator, left=0.0, right=SIDE):
    """A random box between two columns of a photograph, in pixels."""
    width = generator.uniform(150, min(300, right - left))
    height = generator.uniform(150, 300)
    x0 = generator.uniform(left, right - width)
    y0 = generator.uniform(0, SIDE - height)
    return tuple(float(value) for value in (x0, y0, x0 + width, y0 + height))


def draw_garments(number, generator):
    """No garment, two of one category side by side, a coat and its hood, or one."""
    category = CATEGORIES[number % 2]
    halves = (0, SIDE / 2), (SIDE / 2, SIDE)
    match number % 5:
        case 0:
            return ()
        case 3:
            x0, y0, x1, y1 = draw_box(generator)
            hood = (x0, y0, x1, (y0 + y1) / 2)
            return Garment("coat", (x0, y0, x1, y1)), Garment("hat", hood)
        case 4:
            return tuple(Garment(category, draw_box(generator, *h)) for h in halves)
    return (Garment(category, draw_box(generator)),)


def make_photos(count, seed):
    """Photographs with up to two garments each, and their maps."""
    generator = np.random.default_rng(seed)
    photos, maps = [], {}
    for number in range(count):
        garments = draw_garments(number, generator)
        photos.append(AnnotatedPhoto(f"{seed}-{number}.jpg", garments))
        maps[photos[-1].path] = [painted_level(garments, generator)]
    return photos, maps


@pytest.fixture(scope="session")
def world():
    """Training photographs and their maps; tests must not change them."""
    training, maps = make_photos(40, seed=0)
    validation, more = make_photos(15, seed=1)
    return World(training, validation, (maps | more).__getitem__)


@pytest.fixture(scope="session")
def fold():
    """A function that folds a classifier and its regressors, on the CPU's engine."""

    def folded(classifier, regressors, engine=None):
        return fold_heads(
            classifier.categories,
            arrays_of(classifier),
            arrays_of(regressors),
            engine or Backend("cpu").inference,
        )

    return folded
