import numpy as np
import pytest

from tiefvision.locating.evidence import Evidence
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment
from tiefvision.report.locating_page import (
    LocatedPhoto,
    has_room,
    photo_card,
    render_located,
)
from tiefvision.report.markup import MAX_PAGE_BYTES, Markup

HOSTILE = "\"'><script>alert(1)<script>"
DRESS = Garment("dress", (10.0, 10.0, 50.0, 90.0), 0.91)


def located(name="street/one.jpg", garments=(DRESS,), voters=2, **more):
    photo = WorkingPhoto(np.full((120, 80, 3), 90, np.uint8), 80, 120)
    boxes = np.tile([0.0, 0.0, 60.0, 60.0], (voters, 1))
    evidence = Evidence(np.full((48, 32), 0.5, np.float32), boxes, np.ones(voters))
    return LocatedPhoto(name, photo, garments, evidence, **more)


def page_of(*photos):
    cards = [photo_card(photo) for photo in photos]
    return render_located(cards, len(cards), "Found")


def test_each_photograph_has_three_panels_and_its_words(parse):
    page = parse(page_of(located(), located("b/two.jpg", garments=(), voters=0)))
    assert page.tags.count("article") == 2 and page.tags.count("img") == 6
    for words in ("one.jpg", "two.jpg", "nothing found"):
        assert page.text.count(words) == 1
    assert page.text.count("dress 0.91") == 2  # in words, and at the box
    assert page.text.count("80 x 120 px") == 2
    # The ends of the scale, of what was found and where nothing was.
    assert page.text.count("P(dress) 01") == 1
    assert page.text.count("P(likeliest category) 01") == 1
    assert page.text.count("2 windows that voted for: dress") == 1
    assert page.text.count("No garment was found") == 1
    assert ("title", "street/one.jpg") in page.attributes
    assert "wanted" not in page.text
    # The evidence is folded.
    assert page.tags.count("details") == 2
    assert ("open", None) not in page.attributes


@pytest.mark.parametrize(
    ("voters", "expected"),
    [
        (1, "1 window that"),
        (60, "60 windows that"),
        (61, "weightiest 60 of 61 windows"),
    ],
)
def test_the_windows_shown_are_counted(parse, voters, expected):
    text = parse(page_of(located(voters=voters))).text
    assert expected in text and ("weightiest" in text) == (voters > 60)


def test_what_was_wanted_is_compared_with_the_closest_box(parse):
    coat = Garment("coat", (10.0, 10.0, 50.0, 50.0), 0.5)
    far = Garment("hat", (70.0, 100.0, 75.0, 110.0))
    quarter = Garment("dress", (10.0, 10.0, 50.0, 30.0))
    wanted = (Garment("skirt", (10.0, 50.0, 50.0, 90.0)), far, quarter)
    shown = located(garments=(coat, DRESS), wanted=wanted, remark="Dark on dark.")
    text = parse(page_of(shown)).text
    assert "wanted: skirt, IoU 0.50 with dress" in text
    assert "wanted: hat, not found" in text
    assert "wanted: dress, IoU 0.25 with dress" in text  # though the coat is nearer
    assert "Dark on dark." in text and "dashed: wanted" in text
    missed = parse(page_of(located(garments=(), wanted=(far,)))).text
    assert "nothing found" in missed and "wanted: hat, not found" in missed


def test_hostile_names_stay_text(parse):
    hostile = Garment(HOSTILE, DRESS.box_in_image, 0.9)
    shown = located(HOSTILE, (hostile,), wanted=(hostile,), remark=HOSTILE)
    text = parse(page_of(shown)).text
    # Name, found, wanted, what the wanted one was compared with, remark, the scale's
    # and the voters', and the names of two boxes.
    assert text.count(HOSTILE) == 9


def test_what_has_no_room_is_counted(parse):
    card = Markup("x" * (MAX_PAGE_BYTES // 2))
    assert (
        has_room([]) and has_room([card]) and not has_room([card] * 2 + [Markup("x")])
    )
    page = parse(render_located([card] * 3, 40, "Many"))
    assert "Left out to keep this page small: 38 of 40 photographs." in page.text
    assert len(page.text) < 5_000_000


def test_nothing_to_show_is_a_page_too(parse):
    assert "no photograph" in parse(render_located([], 0, "None")).text
