import pytest

from tiefvision.errors import BadDataset
from tiefvision.locating.targets import garments_to_find, resolve_categories
from tiefvision.records import Garment, Photo

SKIRT = Garment("skirt", (10, 20, 30, 40))
HAT = Garment("hat", (5, 25, 35, 30))
SHOE = Garment("shoe", (0, 90, 10, 99))


def photo(*garments):
    return Photo("p.jpg", 100, 100, "street", "train", garments=garments)


PHOTOS = [photo(SKIRT, HAT), photo(), photo(SHOE, SKIRT)]


def test_all_means_every_category_in_order():
    assert resolve_categories(["all"], PHOTOS) == ["hat", "shoe", "skirt"]


def test_the_outfit_is_a_category_of_its_own():
    assert resolve_categories(["outfit"], PHOTOS) == ["outfit"]


def test_chosen_categories_come_in_order_and_once():
    assert resolve_categories(["skirt", "hat", "skirt"], PHOTOS) == ["hat", "skirt"]


@pytest.mark.parametrize("wanted", [["gloves"], ["hat", "gloves"], ["hat", "outfit"]])
def test_an_unknown_category_is_named_with_the_known(wanted):
    with pytest.raises(BadDataset, match=f"no category {wanted[-1]}") as caught:
        resolve_categories(wanted, PHOTOS)
    assert "hat, shoe, skirt, outfit, all" in caught.value.fix


@pytest.mark.parametrize("wanted", [["outfit"], ["all"], ["hat"]])
def test_a_dataset_without_boxes_trains_no_locator(wanted):
    for photos in ([], [photo()]):
        with pytest.raises(BadDataset, match="has a box"):
            resolve_categories(wanted, photos)


def test_the_outfit_is_the_box_around_everything():
    (outfit,) = garments_to_find(photo(SKIRT, HAT, SHOE), ["outfit"])
    assert outfit == Garment("outfit", (0, 20, 35, 99))
    (alone,) = garments_to_find(photo(SKIRT), ["outfit"])
    assert alone.box_in_image == SKIRT.box_in_image


def test_only_the_garments_wanted():
    assert garments_to_find(photo(SKIRT, HAT, SHOE), ["hat", "skirt"]) == (SKIRT, HAT)
    assert garments_to_find(photo(SKIRT), ["hat"]) == ()


@pytest.mark.parametrize("categories", [["outfit"], ["hat", "skirt"]])
def test_a_photograph_without_garments(categories):
    assert garments_to_find(photo(), categories) == ()
