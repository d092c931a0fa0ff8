import numpy as np
import pytest

from tiefvision.engines.choice import Backend
from tiefvision.records import Photo
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.levels import levels_reader, read_pyramid
from tiefvision.workspace.maps import from_half, paths_with_maps, to_half
from tiefvision.workspace.records import photo_path, read_photos


def test_values_beyond_half_precision_are_clipped_and_not_infinite():
    halves = to_half(np.array([1e9, -1e9, 0.5], np.float32))
    assert halves.dtype == np.float16
    assert halves.tolist() == [65504.0, -65504.0, 0.5]


def test_every_finite_half_becomes_the_same_number():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].reshape(2, -1)
    numbers = np.full(halves.shape, 7, dtype=np.float32)
    from_half(halves, numbers)
    np.testing.assert_array_equal(numbers, halves.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(numbers), np.signbit(halves))


def test_photographs_whose_maps_an_artifact_holds(tmp_path):
    map_ = {"crop": np.zeros((8, 3, 3), np.float16)}
    with ArtifactWriter(tmp_path / "crops.lmdb", Header("", 1, {}, {}), 0.1) as it:
        it.write({f"map/{path}": map_ for path in ("a", "b")})
        it.finish()
    with Artifact(tmp_path / "crops.lmdb") as crops:
        photos = [Photo(p, 9, 9, "shop", "train") for p in ("a", "b", "c")]
        assert paths_with_maps(crops, photos) == {"a", "b"}


def test_stored_maps_are_those_of_the_photograph(trained):
    """The encoder read back from the artifact makes the same maps and places."""
    from tiefvision.locating.pyramid import encode_levels
    from tiefvision.photos.working import open_photo

    workspace = Workspace(trained)
    with workspace.open("photos") as records, workspace.open("features") as features:
        photos = read_photos(records)
        photo = photos[-1]
        (stored,) = levels_reader(features, photos)(photo.path)
        opened = open_photo(photo_path(records, photo.path))
        (made,) = encode_levels(
            read_encoder(features, Backend("cpu").inference),
            opened.pixels,
            photo.width,
            photo.height,
            read_pyramid(features),
        )
    assert stored.cells.dtype == np.float16
    np.testing.assert_array_equal(stored.cells, to_half(made.cells))
    for field in ("scale_x", "scale_y", "stride", "window", "border"):
        assert getattr(stored, field) == getattr(made, field)


def test_a_photograph_without_maps_is_named(trained):
    with Workspace(trained).open("features") as features:
        levels_of = levels_reader(features, [Photo("no.jpg", 9, 9, "shop", "train")])
        with pytest.raises(KeyError, match=r"no\.jpg"):
            levels_of("no.jpg")
