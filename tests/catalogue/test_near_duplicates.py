import json

import numpy as np
import pytest
from PIL import Image

from tiefvision.catalogue.near_duplicates import NEAR_COSINES, find_near, near_encoder
from tiefvision.datasets.layout import write_annotations
from tiefvision.engines.choice import Backend
from tiefvision.errors import BadDataset
from tiefvision.records import Photo

SIZE = (90, 120)


@pytest.fixture(scope="module")
def encoder():
    return near_encoder(Backend("cpu").inference)


def save(images, path, scene, side=1.0, **options):
    """Smooth random colours, another photograph for each scene."""
    coarse = np.random.default_rng(scene).integers(0, 255, (8, 6, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
    size = round(SIZE[0] * side), round(SIZE[1] * side)
    (images / path).parent.mkdir(parents=True, exist_ok=True)
    smooth.resize(size).save(images / path, **options)


def street(path, split="train", item_id=""):
    return Photo(path, *SIZE, "street", split, item_id)


@pytest.fixture
def gallery(tmp_path):
    """Six photographs of four scenes; two are saved again, and one is damaged."""
    images = tmp_path / "images"
    for scene, path in enumerate(("a.png", "b.png", "c.png", "d.png")):
        save(images, path, scene)
    save(images, "b again.jpg", 1, quality=70)
    save(images, "a smaller.png", 0, side=0.7)
    (images / "broken.jpg").write_bytes(b"nothing")
    photos = (
        street("a.png", item_id="1"),
        street("b.png", item_id="2"),
        street("c.png"),
        street("d.png", "test"),
        street("b again.jpg", "test", item_id="3"),
        street("a smaller.png"),
        street("broken.jpg"),
    )
    write_annotations(tmp_path, photos, description="")
    return tmp_path


def test_copies_are_grouped_and_judged(gallery, encoder):
    report = find_near(gallery, encoder)
    assert report.photos == 6
    groups = {group.photos: group for group in report.groups}
    assert set(groups) == {("a smaller.png", "a.png"), ("b again.jpg", "b.png")}
    saved, shrunk = (
        groups["b again.jpg", "b.png"],
        groups["a smaller.png", "a.png"],
    )
    assert saved.splits == {"test": ("b again.jpg",), "train": ("b.png",)}
    assert (saved.leaks, saved.disagrees, saved.items) == (True, True, ("2", "3"))
    assert (shrunk.leaks, shrunk.disagrees, shrunk.items) == (False, False, ("1",))
    assert 0.92 < saved.farthest <= saved.closest <= 1
    (skipped,) = report.skipped
    assert "broken.jpg" in skipped


def test_the_closest_group_comes_first_and_all_is_json(gallery, encoder):
    report = json.loads(json.dumps(find_near(gallery, encoder).to_dict()))
    assert report["limits"] == {"street": 0.92, "shop": 0.985}
    closest = [group["closest"] for group in report["groups"]]
    assert closest == sorted(closest, reverse=True)
    assert {group["leak"] for group in report["groups"]} == {True, False}


def test_chains_make_one_group(gallery, encoder):
    everything = dict.fromkeys(NEAR_COSINES, -1.0)
    (group,) = find_near(gallery, encoder, everything).groups
    assert len(group.photos) == 6
    assert group.farthest < 0.9 < group.closest


def test_of_a_street_and_a_shop_photograph_the_stricter_limit_holds(gallery, encoder):
    limits = {"street": -1.0, "shop": 1.1}
    images = gallery / "images"
    photos = [street("a.png"), Photo("b.png", *SIZE, "shop", "train")]
    write_annotations(gallery, photos, description="")
    assert find_near(gallery, encoder, limits).groups == ()
    (images / "b.png").unlink()
    assert "b.png" in find_near(gallery, encoder, limits).skipped[0]


def test_a_folder_is_a_catalogue_of_shop_photographs(tmp_path, encoder):
    for path, scene in (("x/a.png", 0), ("b.png", 1), ("y/a.png", 0)):
        save(tmp_path, path, scene)
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    report = find_near(tmp_path, encoder)
    assert [group.photos for group in report.groups] == [("x/a.png", "y/a.png")]
    assert report.photos == 3
    assert "broken.jpg" in report.skipped[0]


def test_nothing_to_compare(tmp_path, encoder):
    assert find_near(tmp_path, encoder).groups == ()
    with pytest.raises(BadDataset, match="no folder"):
        find_near(tmp_path / "none", encoder)
