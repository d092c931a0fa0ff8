from dataclasses import replace

from tests.labels.made import OUTFIT, SKIRT
from tiefvision.labels.correcting import with_box


def test_a_box_replaces_the_one_of_its_group_that_it_overlaps_most():
    wider = replace(SKIRT, box_in_image=(0.0, 20.0, 60.0, 110.0))
    other = replace(SKIRT, box_in_image=(12.0, 22.0, 60.0, 110.0))
    assert with_box([OUTFIT, wider, SKIRT], other) == (OUTFIT, wider, other)


def test_a_box_elsewhere_or_of_another_group_is_a_new_one():
    elsewhere = replace(SKIRT, box_in_image=(61.0, 20.0, 99.0, 110.0))
    upper = replace(SKIRT, category="upper")
    for one in (elsewhere, upper):
        assert with_box([OUTFIT, SKIRT], one) == (OUTFIT, SKIRT, one)
    assert with_box([], SKIRT) == (SKIRT,)


def test_half_an_overlap_is_the_same_garment():
    half = replace(SKIRT, box_in_image=(10.0, 20.0, 60.0, 65.0))
    less = replace(SKIRT, box_in_image=(10.0, 20.0, 60.0, 64.0))
    assert with_box([SKIRT], half) == (half,)
    assert with_box([SKIRT], less) == (SKIRT, less)
