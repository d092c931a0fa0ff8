import hashlib
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.layout import read_dataset
from tiefvision.datasets.synth import generate
from tiefvision.datasets.synth.generate import generate_dataset
from tiefvision.errors import BadDataset

ITEMS, STREET = 12, 1


def hashes(root):
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("synth")
    generate_dataset(root, items=ITEMS, street_per_item=STREET)
    return root


def test_the_layout_is_complete(made):
    dataset = read_dataset(made)
    assert dataset.problems == ()
    assert Counter(photo.source for photo in dataset.photos) == {
        "shop": ITEMS,
        "street": ITEMS * STREET,
    }
    for photo in dataset.photos:
        with Image.open(made / "images" / photo.path) as image:
            assert image.size == (photo.width, photo.height)
        assert photo.license == "CC0-1.0"
        (garment,) = photo.garments
        assert photo.item_id.startswith(garment.category)


def test_an_item_is_in_one_split_with_its_family(made):
    splits = {}
    for photo in read_dataset(made).photos:
        family = int(photo.item_id.split("-")[1]) // 4
        splits.setdefault(family, set()).add(photo.split)
    assert sorted(len(split) for split in splits.values()) == [1, 1, 1]
    assert set.union(*splits.values()) == {"train", "val", "test"}


def test_triplets_are_of_the_training_split_and_hard(made):
    dataset = read_dataset(made)
    photos = {photo.path: photo for photo in dataset.photos}
    assert len(dataset.triplets) == 4 * STREET * 3
    for triplet in dataset.triplets:
        query, positive, negative = (
            photos[path] for path in (triplet.query, triplet.positive, triplet.negative)
        )
        assert {p.split for p in (query, positive, negative)} == {"train"}
        assert (query.source, positive.source, negative.source) == (
            "street",
            "shop",
            "shop",
        )
        assert query.item_id == positive.item_id != negative.item_id


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    generate_dataset(tmp_path, items=ITEMS, street_per_item=STREET)
    assert hashes(tmp_path) == hashes(made)


def test_more_items_change_no_photograph(made, tmp_path):
    generate_dataset(tmp_path, items=3, street_per_item=STREET)
    few = {p: h for p, h in hashes(tmp_path).items() if p.startswith("images/")}
    assert len(few) == 3 * (1 + STREET)
    assert few.items() <= hashes(made).items()


def test_another_seed_gives_other_photographs(made, tmp_path):
    generate_dataset(tmp_path, items=1, street_per_item=STREET, seed=1)
    assert not set(hashes(tmp_path).values()) & set(hashes(made).values())


def test_a_run_goes_on_where_another_was_killed(tmp_path, monkeypatch):
    generate_dataset(tmp_path, items=2, street_per_item=1)
    complete = hashes(tmp_path)
    shop = tmp_path / "images/shop"
    whole, broken = sorted(shop.iterdir())
    broken.write_bytes(broken.read_bytes()[:2000])
    (tmp_path / "annotations.json").unlink()
    drawn = []
    real = generate._drawn
    monkeypatch.setattr(generate, "_drawn", lambda view: drawn.append(1) or real(view))
    generate_dataset(tmp_path, items=2, street_per_item=1)
    assert len(drawn) == 1, f"only {broken} was missing, {whole} was there"
    assert hashes(tmp_path) == complete


def test_photographs_of_another_seed_are_drawn_anew(tmp_path):
    generate_dataset(tmp_path / "a", items=1, street_per_item=0, seed=1)
    file = next((tmp_path / "a/images/shop").iterdir())
    there = tmp_path / "b/images/shop" / file.name
    there.parent.mkdir(parents=True)
    there.write_bytes(file.read_bytes())
    generate_dataset(tmp_path / "b", items=1, street_per_item=0, seed=2)
    assert there.read_bytes() != file.read_bytes()


def test_an_interrupted_run_leaves_no_annotations(tmp_path, monkeypatch):
    generate_dataset(tmp_path, items=1, street_per_item=0)

    def interrupted(view):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "_drawn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        generate_dataset(tmp_path, items=2, street_per_item=0)
    assert not (tmp_path / "annotations.json").exists()
    assert len(list((tmp_path / "images/shop").iterdir())) == 1


def test_another_dataset_is_left_alone(tmp_path):
    theirs = json.dumps({"info": {"description": "holiday"}, "images": []})
    (tmp_path / "annotations.json").write_text(theirs)
    with pytest.raises(BadDataset, match="another dataset"):
        generate_dataset(tmp_path, items=1)
    assert (tmp_path / "annotations.json").read_text() == theirs


def test_progress_counts_every_photograph(tmp_path):
    seen = []

    def track(items, description, total):
        for item in items:
            seen.append(total)
            yield item

    generate_dataset(tmp_path, items=1, street_per_item=1, track=track)
    assert seen == [2, 2]


def test_a_histogram_of_colours_neither_solves_the_search_nor_fails(made):
    dataset = read_dataset(made)

    def histogram(photo):
        x0, y0, x1, y1 = map(int, photo.garments[0].box_in_image)
        with Image.open(made / "images" / photo.path) as image:
            pixels = np.asarray(image)[y0:y1, x0:x1].reshape(-1, 3) // 32
        counts = np.bincount(pixels @ [64, 8, 1], minlength=512)
        return counts / counts.sum()

    shop = [photo for photo in dataset.photos if photo.source == "shop"]
    street = [photo for photo in dataset.photos if photo.source == "street"]
    catalogue = np.array([histogram(photo) for photo in shop])
    ranks = []
    for query in street:
        overlap = np.minimum(catalogue, histogram(query)).sum(axis=1)
        order = np.argsort(-overlap)
        ranks.append([shop[n].item_id for n in order].index(query.item_id))
    right = float(np.mean(np.array(ranks) == 0))
    assert np.mean(ranks) < (ITEMS - 1) / 2 - 1, "colour says something"
    assert right < 0.7, "but not everything"
