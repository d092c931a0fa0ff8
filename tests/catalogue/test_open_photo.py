"""A photograph remembers the boxes that it was asked for last, and no more."""

from types import SimpleNamespace

from tiefvision.catalogue.open_photo import MOST_BOXES, OpenPhoto


def test_a_box_that_moves_does_not_fill_the_memory():
    asked = []

    def describe_box(working, box):
        asked.append(box)
        return f"garment {len(asked)}"

    describer = SimpleNamespace(describe_box=describe_box)
    photo = OpenPhoto(SimpleNamespace(describer=describer), None)
    boxes = [(0.0, 0.0, 10.0, 10.0 + step) for step in range(MOST_BOXES + 5)]
    whole = photo.described(None)
    assert photo.described(None) == whole == "garment 1"
    for box in boxes:
        photo.described(box)
    assert asked == [None, *boxes]
    for box in boxes[-MOST_BOXES:]:
        photo.described(box)
    assert asked == [None, *boxes]  # those of the last are kept
    photo.described(None)
    assert asked[-1] is None
