import numpy as np
import pytest

from tiefvision.encoders.dense import make_encoder
from tiefvision.photos.resizing import mirror_photo
from tiefvision.ranking.crops import CropRules, crop_garment, encode_crop
from tiefvision.ranking.similarity import similarity


@pytest.fixture(scope="module")
def encoder():
    return make_encoder("alexnet", "random")


def striped(width=60, height=100):
    """Red above, green below; a garment's hem must stay at the bottom."""
    photo = np.zeros((height, width, 3), dtype=np.uint8)
    photo[: height // 2, :, 0] = 200
    photo[height // 2 :, :, 1] = 200
    return photo


def textured(width=120, height=90, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return coarse.repeat(height // 9, axis=0).repeat(width // 12, axis=1)


@pytest.mark.parametrize("box", [None, (0, 0, 60, 100), (10, 20, 20, 80)])
def test_a_crop_is_stretched_to_a_square(box):
    photo = striped()
    kept = photo.copy()
    crop = crop_garment(photo, box)
    assert crop.shape == (224, 224, 3)
    assert crop.dtype == np.uint8
    # However long the box, its middle is the middle of the crop.
    assert (crop[:105] == (200, 0, 0)).all()
    assert (crop[119:] == (0, 200, 0)).all()
    assert np.array_equal(photo, kept)


def test_the_crop_holds_what_the_box_holds_and_no_more():
    photo = np.zeros((50, 50, 3), dtype=np.uint8)
    photo[10:30, 5:15] = 255
    assert (crop_garment(photo, (5, 10, 15, 30)) == 255).all()
    assert (crop_garment(photo, (20, 10, 40, 30)) == 0).all()


def test_no_box_is_the_whole_photograph():
    photo = textured()
    assert np.array_equal(
        crop_garment(photo, None), crop_garment(photo, (0, 0, 120, 90))
    )
    assert not np.array_equal(
        crop_garment(photo, None), crop_garment(photo, (0, 0, 60, 90))
    )


def test_a_box_beyond_the_edge_and_a_box_of_nothing():
    photo = textured()
    beyond = crop_garment(photo, (60, 40, 500, 400))
    assert np.array_equal(beyond, crop_garment(photo, (60, 40, 120, 90)))
    assert crop_garment(photo, (30, 30, 30, 30)).shape == (224, 224, 3)


def both_maps(encoder, photo, box=None, grid=0):
    """Of a garment and of its mirror image."""
    crop = crop_garment(photo, box)
    return [
        encode_crop(encoder, it, CropRules(grid)) for it in (crop, mirror_photo(crop))
    ]


def test_the_map_of_a_garment_and_of_its_mirror_image(encoder):
    photo = textured()
    plain, mirrored = both_maps(encoder, photo)
    assert plain.shape == mirrored.shape == (256, 11, 11)
    for cells in (plain, mirrored):
        np.testing.assert_allclose(np.linalg.norm(cells, axis=0), 1, rtol=1e-5)
    assert similarity(plain[None], mirrored[None]) < 0.99
    # Each is the other of the mirrored photograph.
    other, back = both_maps(encoder, mirror_photo(photo))
    np.testing.assert_allclose(other, mirrored, atol=1e-4, rtol=1e-3)
    np.testing.assert_allclose(back, plain, atol=1e-4, rtol=1e-3)


def test_the_mirror_image_of_the_crop_not_of_the_photograph(encoder):
    photo = textured()
    left = (0, 0, 60, 90)
    _, mirrored = both_maps(encoder, photo, left)
    alone = mirror_photo(crop_garment(photo, left))
    expected, _ = both_maps(encoder, alone)
    np.testing.assert_allclose(mirrored, expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("grid", [1, 4, 6])
def test_a_coarser_grid(encoder, grid):
    maps = both_maps(encoder, textured(), grid=grid)
    for cells in maps:
        assert cells.shape == (256, grid, grid)
        np.testing.assert_allclose(np.linalg.norm(cells, axis=0), 1, rtol=1e-5)


def test_the_same_garment_in_another_photograph_has_the_same_map(encoder):
    garment = textured()
    photo = np.full((200, 300, 3), 90, dtype=np.uint8)
    photo[50:140, 100:220] = garment
    placed, _ = both_maps(encoder, photo, (100, 50, 220, 140))
    alone, _ = both_maps(encoder, garment)
    np.testing.assert_allclose(placed, alone, rtol=1.3e-6, atol=1e-5)
