from dataclasses import replace

import numpy as np
from PIL import Image

from tiefvision.augmenting.scenes import Scene
from tiefvision.locating.targets import garments_to_find
from tiefvision.records import Garment, Photo
from tiefvision.tuning.made import (
    CLOSE_OF,
    MADE,
    STRIPS_OF,
    made_of,
    made_pictures,
    scene_of,
)


def photo(number, split="train"):
    return Photo(f"{number}.jpg", 100, 60, "street", split)


def scene(asked):
    """A photograph with a person on its right."""
    labels = Image.new("L", (100, 60))
    labels.paste(255, (70, 10, 90, 60))
    return Scene(Image.new("RGB", (100, 60), (0, 0, 200)), labels)


def made(photos, open_scene=scene, painted=8):
    return list(made_pictures(photos, open_scene, painted, seed=3))


def test_painted_pictures_are_divided_among_the_splits():
    pictures = made([])
    splits = [record.split for record, _ in pictures]
    assert (splits.count("train"), splits.count("val"), splits.count("test")) == (
        *(4, 2, 2),
    )
    for record, pixels in pictures:
        assert record.path.startswith(MADE) and not record.garments
        assert pixels.shape == (record.height, record.width, 3)
    again = made([])
    assert all(
        np.array_equal(a, b) for (_, a), (_, b) in zip(pictures, again, strict=True)
    )


def test_strips_of_streets_keep_the_split_of_their_photograph():
    photos = [photo(n, "val" if n == STRIPS_OF else "train") for n in range(5)]
    strips = [(record, pixels) for record, pixels in made(photos)[8:]]
    assert [(record.path, record.split) for record, _ in strips] == [
        (f"{MADE}beside-0.jpg", "train"),
        (f"{MADE}beside-{STRIPS_OF}.jpg", "val"),
    ]
    assert strips[0][1].shape == (60, 70, 3)


def test_without_masks_there_are_no_strips_and_with_0_nothing_at_all():
    unknown = scene_of(np.zeros((60, 100, 3), dtype=np.uint8), None, ())
    for opened in (None, unknown):
        assert len(made([photo(0)], lambda asked, opened=opened: opened)) == 8
    assert made([photo(0)], painted=0) == []


SKIRT = Garment("skirt", (70.0, 10.0, 90.0, 50.0), person="1")


def test_training_photographs_give_close_ups_and_pairs():
    photos = [photo(n, "train" if n < 7 else "test") for n in range(9)]

    def dressed(asked):
        return replace(scene(asked), garments=(SKIRT,))

    pictures = [
        (record, pixels) for record, pixels in made(photos, dressed) if record.garments
    ]
    close = [record for record, _ in pictures if "close-" in record.path]
    pairs = [record for record, _ in pictures if "each-other" in record.path]
    assert len(close) == -(-7 // CLOSE_OF) and len(pairs) == 1
    assert {record.split for record, _ in pictures} == {"train"}
    assert all(record.width < 80 for record in close)
    assert all(
        one.box_in_image[2] <= record.width
        for record in close
        for one in record.garments
    )
    (pair,) = pairs
    assert pair.width == 200
    left, right = pair.garments
    assert left.box_in_image == SKIRT.box_in_image
    assert right.box_in_image == (170.0, 10.0, 190.0, 50.0)
    # They are two people, so each has an outfit of its own.
    assert len(garments_to_find(pair, ["outfit"])) == 2


def test_what_a_picture_was_made_of_is_known_by_its_name():
    training = ["a.jpg", "b.jpg", "c.jpg"]
    assert made_of("made/painted-0003", training) == ()
    assert made_of("made/close-b.jpg", training) == ("b.jpg",)
    assert made_of("made/beside-x.jpg", training) == ("x.jpg",)
    assert made_of("made/beside-each-other-a.jpg", training) == ("a.jpg", "b.jpg")
    odd = "made/beside-each-other-x.jpg"  # a strip of a photograph of that name
    assert made_of(odd, training) == ("each-other-x.jpg",)
