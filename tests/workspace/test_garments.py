import numpy as np
import pytest

from tiefvision.errors import StaleArtifact
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.records import View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.garments import (
    CROP,
    MIRROR,
    alterations_of,
    compress,
    decompress,
    garment_tensors,
    garments_reader,
    view_name,
)

VIEWS = ("crop", "mirror", "altered1", "altered2")


def garment(seed):
    generator = np.random.default_rng(seed)
    return GarmentBatch(
        generator.normal(size=(1, 8, 3, 3)).astype(np.float32),
        generator.random((1, 5), dtype=np.float32),
        generator.integers(0, 256, (1, 4, 4, 3), dtype=np.uint8),
    )


MADE = {
    path: {name: garment([row, number]) for number, name in enumerate(VIEWS)}
    for row, path in enumerate(("a.jpg", "b.jpg"))
}


@pytest.fixture
def crops(tmp_path):
    with ArtifactWriter(tmp_path / "crops.lmdb", Header("", 1, {}, {}), 0.1) as it:
        for path, views in MADE.items():
            it.write(garment_tensors(path, views))
        it.finish()
    with Artifact(tmp_path / "crops.lmdb") as artifact:
        yield artifact


def test_views_have_names():
    views = (View("a"), View("a", True), View("a", False, 1), View("a", False, 2))
    assert tuple(view_name(view) for view in views) == VIEWS
    assert VIEWS[:2] == (CROP, MIRROR)


def test_an_artifact_stores_maps_colours_and_pixels_of_each_view():
    kept = garment_tensors("a.jpg", MADE["a.jpg"])
    assert {key: tuple(named) for key, named in kept.items()} == {
        "map/a.jpg": VIEWS,
        "colours/a.jpg": ("crop", "altered1", "altered2"),
        "pixels/a.jpg": ("crop", "altered1", "altered2"),
    }
    assert kept["map/a.jpg"]["mirror"].shape == (8, 3, 3)
    assert kept["map/a.jpg"]["crop"].dtype == np.float16
    assert kept["colours/a.jpg"]["crop"].dtype == np.float16
    assert kept["pixels/a.jpg"]["crop"].dtype == np.uint8


def test_empty_parts_are_not_stored():
    whole = MADE["a.jpg"][CROP]
    nothing = np.empty(0, np.float32)
    assert set(garment_tensors("a.jpg", {CROP: GarmentBatch(whole.maps)})) == {
        "map/a.jpg"
    }
    colours = GarmentBatch(nothing, whole.colours)
    assert set(garment_tensors("a.jpg", {CROP: colours})) == {"colours/a.jpg"}
    pixels = GarmentBatch(nothing, nothing, whole.pixels)
    assert set(garment_tensors("a.jpg", {CROP: pixels})) == {"pixels/a.jpg"}


def test_pixels_are_compressed_without_loss():
    smooth = np.zeros((224, 224, 3), dtype=np.uint8)
    smooth[..., 0] = np.arange(224)
    kept = compress(smooth)
    assert kept.nbytes < smooth.nbytes / 20
    np.testing.assert_array_equal(decompress(kept), smooth)


def test_pixels_of_an_earlier_release_are_read():
    raw = MADE["a.jpg"][CROP].pixels[0]
    np.testing.assert_array_equal(decompress(raw), raw)


ASKED = [View("b.jpg"), View("a.jpg", True), View("b.jpg"), View("a.jpg", False, 1)]


def made(view):
    return MADE[view.path][view_name(view)]


def test_maps_come_back_as_unit_cells(crops):
    maps = garments_reader(crops)(ASKED).maps
    assert (maps.shape, maps.dtype) == ((4, 8, 3, 3), np.float32)
    for row, view in enumerate(ASKED):
        expected = made(view).maps[0].astype(np.float16).astype(np.float32)
        expected /= np.linalg.norm(expected, axis=0)
        np.testing.assert_allclose(maps[row], expected, atol=1e-6)


def test_a_mirror_image_has_the_colours_of_its_photograph(crops):
    colours = garments_reader(crops)(ASKED).colours
    assert (colours.shape, colours.dtype) == ((4, 5), np.float32)
    for row, view in enumerate(ASKED):
        source = made(View(view.path, alteration=view.alteration))
        np.testing.assert_allclose(colours[row], source.colours[0], atol=1e-3)


def test_pixels_come_back_and_are_mirrored(crops):
    pixels = garments_reader(crops)(ASKED).pixels
    assert (pixels.shape, pixels.dtype) == ((4, 4, 4, 3), np.uint8)
    for row, view in enumerate(ASKED):
        expected = made(View(view.path, alteration=view.alteration)).pixels[0]
        expected = expected[:, ::-1] if view.mirrored else expected
        np.testing.assert_array_equal(pixels[row], expected)


def test_altered_views_differ_from_the_crop(crops):
    with pytest.raises(KeyError, match="altered3"):
        _ = garments_reader(crops)([View("a.jpg", False, 3)]).pixels


def test_every_view_has_its_pixels(crops):
    views = [View("a.jpg", False, number) for number in (1, 2)]
    pixels = garments_reader(crops)(views).pixels
    for row, view in enumerate(views):
        np.testing.assert_array_equal(pixels[row], made(view).pixels[0])


def test_parts_are_read_on_first_access(crops):
    garments = garments_reader(crops)([View("nowhere.jpg")])
    with pytest.raises(KeyError, match=r"nowhere\.jpg"):
        _ = garments.maps


def test_a_part_is_read_only_once(crops):
    garments = garments_reader(crops)(ASKED)
    assert garments.maps is garments.maps
    assert garments.colours is garments.colours
    assert garments.pixels is garments.pixels


def test_crops_of_an_earlier_release_are_refused(tmp_path):
    with ArtifactWriter(tmp_path / "crops.lmdb", Header("", 1, {}, {}), 0.1) as it:
        it.finish(details={"grid": 0})
    with (
        Artifact(tmp_path / "crops.lmdb") as crops,
        pytest.raises(StaleArtifact, match="earlier release") as told,
    ):
        alterations_of(crops)
    assert "make stage-6" in str(told.value.fix)
