from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tiefvision.catalogue.garment_views import ViewMaker
from tiefvision.photos.working import open_photo
from tiefvision.ranking.crops import crop_garment

BOX = (20.0, 10.0, 60.0, 110.0)
PATHS = ("a.png", "b.png", "c.png")


@pytest.fixture
def records(tmp_path):
    """Of three photographs of coarse noise, and a file that is none."""
    images = tmp_path / "images"
    images.mkdir()
    generator = np.random.default_rng(0)
    for path in PATHS:
        coarse = generator.integers(0, 256, (12, 9, 3), dtype=np.uint8)
        pixels = coarse.repeat(10, axis=0).repeat(10, axis=1)
        Image.fromarray(pixels).save(images / path)
    (images / "broken.png").write_bytes(b"no photograph")
    details = {"root": str(tmp_path), "images": str(images)}
    return SimpleNamespace(header=SimpleNamespace(details=details))


def maker_of(records, grounds, alterations, seed):
    return ViewMaker(records, grounds, alterations, seed)


def photo_of(records, path):
    from pathlib import Path

    return open_photo(Path(records.header.details["images"]) / path)


def views_of(maker, path, box=BOX):
    return dict(maker.views(path, photo_of(maker.records, path), box))


def all_equal(one, other):
    return list(one) == list(other) and all(
        np.array_equal(one[name], other[name]) for name in one
    )


@pytest.mark.parametrize("box", [BOX, None])
def test_the_crop_its_mirror_image_and_altered_views(records, box):
    found = views_of(maker_of(records, PATHS, 3, 0), "a.png", box)
    assert list(found) == ["crop", "mirror", "altered1", "altered2", "altered3"]
    for view in found.values():
        assert (view.shape, view.dtype) == ((224, 224, 3), np.uint8)
    crop = crop_garment(photo_of(records, "a.png").pixels, box)
    np.testing.assert_array_equal(found["crop"], crop)
    np.testing.assert_array_equal(found["mirror"], crop[:, ::-1])
    assert len({view.tobytes() for view in found.values()}) == 5


def test_without_alterations_no_ground_is_read(records):
    found = views_of(maker_of(records, (), 0, 0), "a.png")
    assert list(found) == ["crop", "mirror"]


def test_views_do_not_depend_on_what_was_made_before(records):
    maker = maker_of(records, PATHS, 2, 0)
    first = views_of(maker, "b.png")
    for path in PATHS:
        views_of(maker, path)
    assert all_equal(views_of(maker, "b.png"), first)
    # A run that was killed goes on with a maker of its own.
    assert all_equal(views_of(maker_of(records, PATHS, 2, 0), "b.png"), first)


def test_more_alterations_begin_with_the_same(records):
    few = views_of(maker_of(records, PATHS, 1, 0), "a.png")
    many = views_of(maker_of(records, PATHS, 3, 0), "a.png")
    assert all_equal(few, {name: many[name] for name in few})


def test_another_seed_makes_other_views_of_the_same_crop(records):
    first, other = (
        views_of(maker_of(records, PATHS, 1, seed), "a.png") for seed in (0, 1)
    )
    np.testing.assert_array_equal(first["crop"], other["crop"])
    assert not np.array_equal(first["altered1"], other["altered1"])


def with_mask(records, tmp_path):
    mask = np.zeros((120, 90), dtype=np.uint8)
    mask[40:80, 30:50] = 1
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")


def test_an_unreadable_ground_is_the_photograph_itself(records, tmp_path):
    with_mask(records, tmp_path)
    broken, own = (
        views_of(maker_of(records, (ground,), 6, 0), "a.png")
        for ground in ("broken.png", "a.png")
    )
    assert all_equal(broken, own)


def test_a_mask_lets_other_photographs_be_the_ground(records, tmp_path):
    plain = [
        views_of(maker_of(records, (ground,), 6, 0), "a.png")
        for ground in ("b.png", "c.png")
    ]
    assert all_equal(*plain)  # nothing tells where the ground is
    with_mask(records, tmp_path)
    masked = [
        views_of(maker_of(records, (ground,), 6, 0), "a.png")
        for ground in ("b.png", "c.png")
    ]
    assert not all_equal(*masked)
