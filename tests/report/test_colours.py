import itertools
import re

import numpy as np
import pytest
from PIL import ImageColor

from tiefvision.groups import GROUPS, OUTFIT
from tiefvision.ranking.registry import OWN
from tiefvision.report.colours import (
    GROUP_COLOURS,
    OTHER,
    SERIES_COLOURS,
    classes,
    group_class,
    group_colour,
    ranker_class,
    ranker_classes,
)
from tiefvision.report.markup import style_sheet

TEXT, LINE = 4.5, 3.0
"""Least contrasts of WCAG 2.1: of text (1.4.3), and of lines (1.4.11)."""

LEAST_DISTANCE = 0.1
"""Least distance in OKLab between two rankers; 0.02 can just be told apart."""


def linear(colour: str) -> np.ndarray:
    shares = np.array(ImageColor.getrgb(colour)) / 255
    return np.where(
        shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4
    )


def contrast(one: str, other: str) -> float:
    low, high = sorted(
        float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)
    )
    return (high + 0.05) / (low + 0.05)


def oklab(colour: str) -> np.ndarray:
    """Ottosson, https://bottosson.github.io/posts/oklab/."""
    cones = linear(colour) @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ]
    )


def values(variable: str) -> tuple[str, str]:
    """A variable of the style sheet, on the light and on the dark ground."""
    light, dark = re.findall(rf"--{variable}: (#[0-9a-f]{{6}})", style_sheet())
    return light, dark


def test_the_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    "name", [*classes(), "quiet", "right", "behind", "ink", "warning"]
)
def test_every_colour_can_be_read_on_both_grounds(name):
    grounds = [values(ground) for ground in ("ground", "card", "faint")]
    for theme, colour in enumerate(values(name)):
        for ground in grounds:
            assert contrast(colour, ground[theme]) >= TEXT >= LINE, (theme, ground)


def test_the_style_sheet_holds_the_colours():
    for name, colour in classes().items():
        assert values(name) == (colour.on_light, colour.on_dark)
        assert f".{name} {{" in style_sheet()


def test_rankers_can_be_told_apart_on_both_grounds():
    assert len(SERIES_COLOURS) >= len(OWN)
    for one, other in itertools.combinations(SERIES_COLOURS, 2):
        for a, b in ((one.on_light, other.on_light), (one.on_dark, other.on_dark)):
            assert np.linalg.norm(oklab(a) - oklab(b)) >= LEAST_DISTANCE, (a, b)


def test_every_ranker_has_its_place_in_the_registry():
    found = [ranker_class(name) for name in OWN]
    assert found == [f"series-{number}" for number in range(len(OWN))]
    assert ranker_class("deeprank-cells") == ranker_class("deeprank")
    assert ranker_class("deeprank minus cosine") == ranker_class("deeprank")
    assert {ranker_class(name) for name in ("", "\"'>", "cosiness")} == {"series-other"}


def test_every_group_has_a_colour_of_its_own():
    names = [OUTFIT, *GROUPS, "kimono"]
    found = [group_class(name) for name in names]
    assert found == [f"group-{name}" for name in (OUTFIT, *GROUPS, OTHER)]
    assert len({group_colour(name) for name in names}) == len(GROUP_COLOURS)
    assert group_class("Trousers") == group_class("lower")
    assert group_class("\"'><script>") == group_class("") == "group-other"


def test_networks_of_the_literature_take_colours_that_are_free():
    shown = [
        "cosine",
        "deeprank",
        "mildnet",
        "mildnet, whole",
        "cardigan",
        "deeprank-2",
    ]
    assert ranker_classes(shown) == {
        "cosine": "series-0",
        "deeprank": "series-11",
        "mildnet": "series-1",
        "mildnet, whole": "series-1",
        "cardigan": "series-2",
        "deeprank-2": "series-11 second",
    }
    many = ranker_classes([*OWN, "mildnet", "cardigan"])
    assert many["mildnet"] == "series-other"
    assert many["cardigan"] == "series-other second"
