from dataclasses import replace

import pytest

from tests.labels.made import OUTFIT, SKIRT, label
from tiefvision.errors import BadUsage
from tiefvision.labels.checking import MOST_BOXES, MOST_LETTERS, checked_label
from tiefvision.records import Garment

BOX = (10.0, 20.0, 60.0, 110.0)


def checked(*garments):
    return checked_label(label("a.jpg", *garments)).garments


@pytest.mark.parametrize(
    ("group", "name", "expected"),
    [
        ("lower", "skirt", ("lower", "skirt")),
        ("lower", "", ("lower", "")),
        ("lower", "lower", ("lower", "")),
        ("upper", "skirt", ("upper", "skirt")),  # a taste of one's own
        (" lower ", " mini   skirt", ("lower", "mini skirt")),
        ("skirt", "", ("lower", "skirt")),
        ("outfit", "", ("outfit", "")),
        ("shoes", "", ("shoes", "")),
    ],
)
def test_groups_and_names(group, name, expected):
    (garment,) = checked(Garment(group, BOX, label=name))
    assert (garment.category, garment.label) == expected


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        ("", "skirt", "Box 2 has no group"),
        ("outfit", "party", "Only garments of upper, outer, lower, full have names"),
        ("shoes", "boots", "is of group shoes and has the name 'boots'"),
        ("upper", "lower", "called 'lower', which is a group"),
        ("lower", "x" * (MOST_LETTERS + 1), "name of box 2 has 61 characters"),
        ("x" * (MOST_LETTERS + 1), "", "group of box 2 has 61 characters"),
        ("lower", "a\0b", "name of box 2 holds a character that is not text"),
        ("lower", "\udce9", "name of box 2 holds a character that is not text"),
        ("lower", "a\u202eb", "name of box 2 holds a character that is not text"),
    ],
)
def test_names_that_cannot_be_kept_are_refused(group, name, message):
    with pytest.raises(BadUsage, match=message):
        checked(OUTFIT, Garment(group, BOX, label=name))


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0, 0, 100, 200), (0, 0, 100, 200)),
        ((-0.6, 0, 100.9, 200), (0, 0, 100, 200)),
        ((1.23456, 2, 9.87654, 9), (1.23, 2, 9.88, 9)),
        ((3, 3, 4, 4), (3, 3, 4, 4)),
    ],
)
def test_boxes_within_the_photograph(box, expected):
    (garment,) = checked(replace(SKIRT, box_in_image=box))
    assert garment.box_in_image == expected


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, 102, 50),
        (-2, 0, 50, 50),
        (0, 0, 50, 300),
        (30, 30, 30, 60),
        (30, 30, 20, 60),
        (30, 30, 30.5, 60),
        (float("nan"), 0, 50, 50),
        (0, 0, float("inf"), 50),
        (float("-inf"), 0, 50, 50),
    ],
)
def test_boxes_outside_and_empty_ones_are_refused(box):
    with pytest.raises(BadUsage, match="is no box within 100 x 200 pixels"):
        checked(replace(SKIRT, box_in_image=box))


def test_too_many_boxes_are_refused():
    assert len(checked(*[SKIRT] * MOST_BOXES)) == MOST_BOXES
    with pytest.raises(BadUsage, match="101 boxes are too many"):
        checked(*[SKIRT] * (MOST_BOXES + 1))


@pytest.mark.parametrize(
    ("state", "garments"), [("boxes", ()), ("nothing", (SKIRT,)), ("skipped", (SKIRT,))]
)
def test_state_and_boxes_must_fit(state, garments):
    with pytest.raises(BadUsage, match=f"saved as '{state}' has {len(garments)} boxes"):
        checked_label(label("a.jpg", *garments, state=state))


@pytest.mark.parametrize(("who", "expected"), [("", "anonymous"), (" Zoë ", "Zoë")])
def test_a_person_has_a_name(who, expected):
    assert checked_label(label("a.jpg", who=who)).who == expected
