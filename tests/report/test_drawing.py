import numpy as np
import pytest
from PIL import Image, ImageColor

from tiefvision.errors import BadUsage
from tiefvision.groups import GROUPS, OUTFIT, UPPER
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment
from tiefvision.report.colours import GROUP_COLOURS, group_colour
from tiefvision.report.drawing import draw_garments, save_drawing


def grey(width: int = 200, height: int = 300, scale: int = 1) -> WorkingPhoto:
    pixels = np.full((height, width, 3), 90, dtype=np.uint8)
    return WorkingPhoto(pixels, width * scale, height * scale)


def pixels_of(picture: np.ndarray, colour: str) -> np.ndarray:
    """(N, 2) rows and columns."""
    return np.argwhere((picture == ImageColor.getrgb(colour)).all(axis=-1))


def test_the_photograph_is_left_as_it_is():
    photo = grey()
    picture = draw_garments(photo, [Garment("dress", (20, 100, 120, 250), 0.9)])
    assert picture.shape == photo.pixels.shape and picture.dtype == np.uint8
    assert (photo.pixels == 90).all() and (picture != 90).any()


def test_the_line_lies_just_inside_the_box_at_any_scale():
    for scale in (1, 3):
        box = tuple(scale * value for value in (20.0, 100.0, 120.0, 250.0))
        picture = draw_garments(grey(scale=scale), [Garment("dress", box, 0.9)])
        places = pixels_of(picture, group_colour("dress").on_dark)
        rows, columns = places[places[:, 0] >= 100].T  # the label is above
        assert (rows.min(), rows.max()) == (100, 249)
        assert (columns.min(), columns.max()) == (20, 119)


def test_the_line_grows_with_the_picture():
    def line_width(side: int) -> int:
        box = (0.25 * side, 0.25 * side, 0.75 * side, 0.75 * side)
        picture = draw_garments(grey(side, side), [Garment("top", box)])
        rows, _ = pixels_of(
            picture[:, side // 2 : side // 2 + 1], group_colour("top").on_dark
        ).T
        return int((rows > side / 2).sum())

    assert line_width(200) == 2
    assert line_width(1920) == 6


def test_labels_of_one_box_do_not_cover_each_other():
    box = (20, 100, 180, 250)
    groups = [*GROUPS, OUTFIT]
    many = [
        Garment(group, box, 0.9 - n / 10, f"kind {n}") for n, group in enumerate(groups)
    ]
    alone = pixels_of(draw_garments(grey(), many[:1]), group_colour(UPPER).on_dark)
    label = (alone[:, 0] < 100).sum()
    together = draw_garments(grey(), many)
    for group in groups:
        assert len(pixels_of(together, group_colour(group).on_dark)) > 0.9 * label


def test_a_category_has_one_colour():
    found = [
        Garment("top", (10, 20, 90, 100), 0.9),
        Garment("skirt", (10, 150, 90, 280), 0.8),
        Garment("top", (110, 20, 190, 100), 0.7),
    ]
    columns = pixels_of(draw_garments(grey(), found), group_colour(UPPER).on_dark)[:, 1]
    assert columns.min() < 100 < columns.max()


def test_black_letters_can_be_read_on_every_label():
    for colour in GROUP_COLOURS.values():
        shares = np.array(ImageColor.getrgb(colour.on_dark)) / 255
        linear = np.where(
            shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4
        )
        # Contrast of WCAG 2.1, with black.
        assert (linear @ [0.2126, 0.7152, 0.0722] + 0.05) / 0.05 >= 7


@pytest.mark.parametrize(
    "box",
    [
        (500, 10, 600, 50),
        (50, 50, 50, 80),
        (80, 50, 20, 90),
        (float("nan"), 0, 10, 10),
    ],
)
def test_a_box_without_area_in_the_photograph_is_left_out(box):
    assert (draw_garments(grey(), [Garment("dress", box)]) == 90).all()


@pytest.mark.parametrize(
    "box", [(-50, -50, 900, 900), (0, 0, 1, 1), (15.2, 15.2, 15.4, 15.4)]
)
def test_any_other_box_is_drawn_even_in_the_smallest_photograph(box):
    picture = draw_garments(grey(16, 16), [Garment("a very\nlong name", box)])
    assert picture.shape == (16, 16, 3) and (picture != 90).any()


def test_no_garments_no_change():
    assert (draw_garments(grey(), []) == 90).all()


def test_a_drawing_is_saved_in_a_new_folder(tmp_path):
    path = tmp_path / "new" / "dress.png"
    garments = [Garment("dress", (20, 100, 120, 250), 0.9)]
    save_drawing(path, grey(), garments)
    with Image.open(path) as saved:
        assert (np.asarray(saved) == draw_garments(grey(), garments)).all()


@pytest.mark.parametrize("name", ["dress.txt", "dress"])
def test_a_name_of_no_picture_is_refused_with_those_there_are(tmp_path, name):
    with pytest.raises(BadUsage, match=r"dress.* Use \.jpg or \.jpeg or \.png"):
        save_drawing(tmp_path / name, grey(), [])


def test_a_drawing_that_cannot_be_saved_is_named(tmp_path):
    (tmp_path / "a-file").write_text("")
    with pytest.raises(OSError, match=r"directory|exists") as caught:
        save_drawing(tmp_path / "a-file" / "dress.jpg", grey(), [])
    assert caught.value.filename == str(tmp_path / "a-file" / "dress.jpg")
