from dataclasses import replace

import pytest

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.locating.targets import (
    LEAST_PHOTOS,
    garments_to_find,
    resolve_categories,
)
from tiefvision.records import Garment, Photo

SKIRT = Garment("skirt", (10, 20, 30, 40))
HAT = Garment("hat", (5, 25, 35, 30))
SHOE = Garment("shoe", (0, 90, 10, 99))


def photo(*garments, split="train"):
    return Photo("p.jpg", 100, 100, "street", split, garments=garments)


PHOTOS = [photo(SKIRT, HAT), photo(), photo(SHOE, SKIRT)]


def test_all_means_each_category_that_enough_training_photographs_show():
    photos = [
        *[photo(HAT, SKIRT)] * (LEAST_PHOTOS - 1),
        photo(SKIRT),
        photo(HAT, split="val"),
        photo(HAT, split="test"),
        # A second garment of a photograph does not count.
        *[photo(SHOE, SHOE)] * (LEAST_PHOTOS // 2),
    ]
    assert resolve_categories(["all"], photos) == ["lower"]
    assert resolve_categories(["all"], [*photos, photo(HAT)]) == ["hat", "lower"]


def test_in_a_small_dataset_all_means_every_category():
    assert resolve_categories(["all"], PHOTOS) == ["hat", "lower", "shoe"]


def test_the_outfit_is_a_category_of_its_own():
    assert resolve_categories(["outfit"], PHOTOS) == ["outfit"]


def test_categories_are_sorted_and_unique():
    assert resolve_categories(["lower", "hat", "lower"], PHOTOS) == ["hat", "lower"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["outfit", "lower", "hat"], ["hat", "lower", "outfit"]),
        (["outfit", "all"], ["hat", "lower", "shoe", "outfit"]),
        (["all", "hat"], ["hat", "lower", "shoe"]),
    ],
)
def test_categories_all_and_outfit_can_be_combined(wanted, expected):
    for order in (1, -1):
        assert resolve_categories(wanted[::order], PHOTOS) == expected


def test_a_rare_category_can_be_added_to_all():
    photos = [*[photo(HAT, SHOE)] * LEAST_PHOTOS, photo(SKIRT)]
    assert resolve_categories(["all"], photos) == ["hat", "shoe"]
    assert resolve_categories(["all", "lower"], photos) == ["hat", "lower", "shoe"]


@pytest.mark.parametrize("wanted", [["gloves"], ["hat", "gloves"], ["all", "gloves"]])
def test_an_unknown_category_is_refused_with_the_known_ones(wanted):
    with pytest.raises(BadUsage, match=f"no category {wanted[-1]}") as caught:
        resolve_categories(wanted, PHOTOS)
    assert "hat, lower, shoe, outfit, all" in caught.value.fix


@pytest.mark.parametrize("wanted", [["outfit"], ["all"], ["hat"]])
def test_a_dataset_without_boxes_trains_no_locator(wanted):
    for photos in ([], [photo()]):
        with pytest.raises(BadDataset, match="has a box"):
            resolve_categories(wanted, photos)


def test_the_outfit_is_the_box_around_all_garments():
    (outfit,) = garments_to_find(photo(SKIRT, HAT, SHOE), ["outfit"])
    assert outfit == Garment("outfit", (0, 20, 35, 99))
    (alone,) = garments_to_find(photo(SKIRT), ["outfit"])
    assert alone.box_in_image == SKIRT.box_in_image


def test_only_garments_of_wanted_categories_are_targets():
    found = garments_to_find(photo(SKIRT, HAT, SHOE), ["hat", "lower"])
    assert found == (Garment("lower", SKIRT.box_in_image, label="skirt"), HAT)
    assert garments_to_find(photo(SKIRT), ["hat"]) == ()


def test_garments_and_the_outfit_are_targets_together():
    """The outfit contains all garments, also those that are no targets."""
    found = garments_to_find(photo(SKIRT, HAT, SHOE), ["hat", "outfit"])
    assert found == (HAT, Garment("outfit", (0, 20, 35, 99)))


@pytest.mark.parametrize("categories", [["outfit"], ["hat", "lower", "outfit"]])
def test_a_photograph_without_garments(categories):
    assert garments_to_find(photo(), categories) == ()


SHIRT = Garment("shirt", (10, 0, 30, 20))
SWEATER = Garment("sweater", (5, 5, 40, 25))


def test_what_one_person_wears_of_a_group_is_one_garment():
    worn = [replace(one, person="1") for one in (SHIRT, SWEATER, SKIRT)]
    assert garments_to_find(photo(*worn), ["upper", "lower"]) == (
        Garment("upper", (5, 0, 40, 25), label="sweater"),
        Garment("lower", SKIRT.box_in_image, label="skirt"),
    )


def test_the_garments_of_two_people_stay_apart():
    worn = [replace(SHIRT, person="1"), replace(SWEATER, person="2")]
    found = garments_to_find(photo(*worn), ["upper", "outfit"])
    assert [one.box_in_image for one in found] == [
        *(SHIRT.box_in_image, SWEATER.box_in_image),
        *(SHIRT.box_in_image, SWEATER.box_in_image),
    ]


def test_without_a_known_person_garments_of_a_group_stand_alone():
    found = garments_to_find(photo(SHIRT, SWEATER), ["upper"])
    assert [one.label for one in found] == ["shirt", "sweater"]


def test_a_dataset_has_its_own_groups():
    tank_top = Garment("vest", (0, 0, 10, 10), group="upper")
    (found,) = garments_to_find(photo(tank_top), ["upper", "outer"])
    assert found == Garment("upper", (0, 0, 10, 10), label="vest")
