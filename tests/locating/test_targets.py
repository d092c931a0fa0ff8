import pytest

from tiefvision.errors import BadDataset
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
    assert resolve_categories(["all"], photos) == ["skirt"]
    assert resolve_categories(["all"], [*photos, photo(HAT)]) == ["hat", "skirt"]


def test_in_a_small_dataset_all_means_every_category():
    assert resolve_categories(["all"], PHOTOS) == ["hat", "shoe", "skirt"]


def test_the_outfit_is_a_category_of_its_own():
    assert resolve_categories(["outfit"], PHOTOS) == ["outfit"]


def test_categories_are_sorted_and_unique():
    assert resolve_categories(["skirt", "hat", "skirt"], PHOTOS) == ["hat", "skirt"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["outfit", "skirt", "hat"], ["hat", "skirt", "outfit"]),
        (["outfit", "all"], ["hat", "shoe", "skirt", "outfit"]),
        (["all", "hat"], ["hat", "shoe", "skirt"]),
    ],
)
def test_categories_all_and_outfit_can_be_combined(wanted, expected):
    for order in (1, -1):
        assert resolve_categories(wanted[::order], PHOTOS) == expected


def test_a_rare_category_can_be_added_to_all():
    photos = [*[photo(HAT, SHOE)] * LEAST_PHOTOS, photo(SKIRT)]
    assert resolve_categories(["all"], photos) == ["hat", "shoe"]
    assert resolve_categories(["all", "skirt"], photos) == ["hat", "shoe", "skirt"]


@pytest.mark.parametrize("wanted", [["gloves"], ["hat", "gloves"], ["all", "gloves"]])
def test_an_unknown_category_is_refused_with_the_known_ones(wanted):
    with pytest.raises(BadDataset, match=f"no category {wanted[-1]}") as caught:
        resolve_categories(wanted, PHOTOS)
    assert "hat, shoe, skirt, outfit, all" in caught.value.fix


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
    assert garments_to_find(photo(SKIRT, HAT, SHOE), ["hat", "skirt"]) == (SKIRT, HAT)
    assert garments_to_find(photo(SKIRT), ["hat"]) == ()


def test_garments_and_the_outfit_are_targets_together():
    """The outfit contains all garments, also those that are no targets."""
    found = garments_to_find(photo(SKIRT, HAT, SHOE), ["hat", "outfit"])
    assert found == (HAT, Garment("outfit", (0, 20, 35, 99)))


@pytest.mark.parametrize("categories", [["outfit"], ["hat", "skirt", "outfit"]])
def test_a_photograph_without_garments(categories):
    assert garments_to_find(photo(), categories) == ()
