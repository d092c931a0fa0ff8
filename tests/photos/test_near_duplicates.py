import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.photos import near_duplicates
from tiefvision.photos.near_duplicates import (
    HASH_BITS,
    MAX_DISTANCE,
    group_near_duplicates,
    perceptual_hash,
)
from tiefvision.photos.reading import read_photo

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))


def scene(seed: int) -> Image.Image:
    """A photograph of smooth random colours, which has low frequencies only."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((240, 360), Image.Resampling.BICUBIC)


def look(image: Image.Image) -> np.ndarray:
    return perceptual_hash(np.asarray(image))


def saved_again(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=40)
    return Image.open(buffer).convert("RGB")


@pytest.mark.parametrize(
    "change",
    [
        saved_again,
        lambda image: image.resize((80, 120)),
        lambda image: image.point(lambda value: value * 0.8),
        lambda image: image.crop((4, 5, 236, 355)),
    ],
)
def test_a_changed_copy_is_nearer_than_any_other_scene(change):
    original = look(scene(0))
    assert original.shape == (HASH_BITS,)
    assert (look(change(scene(0))) != original).sum() <= MAX_DISTANCE
    assert min((look(scene(s)) != original).sum() for s in range(1, 20)) > MAX_DISTANCE


def test_colour_alone_tells_scenes_apart():
    recoloured = Image.merge("RGB", scene(0).split()[::-1])
    assert (look(recoloured) != look(scene(0))).sum() > MAX_DISTANCE


def random_hashes(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, (count, 64)).astype(bool)


def with_flips(bits: np.ndarray, count: int) -> np.ndarray:
    flipped = bits.copy()
    flipped[:count] = ~flipped[:count]
    return flipped


def test_groups_are_chains_of_near_rows():
    hashes = random_hashes(6)
    hashes[4] = with_flips(hashes[1], 3)
    hashes[2] = with_flips(hashes[1], 6)  # 3 from row 4, 6 from row 1
    hashes[5] = hashes[0]
    assert group_near_duplicates(hashes, 3) == [[0, 5], [1, 2, 4]]
    assert group_near_duplicates(hashes, 2) == [[0, 5]]


def test_blocks_do_not_change_the_groups(monkeypatch):
    hashes = random_hashes(40)
    hashes[33:] = hashes[5:12]
    hashes[20] = hashes[12]
    whole = group_near_duplicates(hashes, 0)
    monkeypatch.setattr(near_duplicates, "_BLOCK", 7)
    assert group_near_duplicates(hashes, 0) == whole
    assert [5, 33] in whole
    assert [12, 20] in whole
    assert len(whole) == 8


def test_nothing_to_group():
    assert group_near_duplicates(np.zeros((0, 64), dtype=bool)) == []
    assert group_near_duplicates(random_hashes(1)) == []


@pytest.mark.real
@pytest.mark.skipif(not (SHARED / "data/ccp").is_dir(), reason="CCP is not there")
def test_known_pairs_of_clothing_co_parsing():
    pairs = [
        ["0078", "0984"],
        ["0183", "0730"],
        ["0197", "0671"],
        ["0223", "0616"],
        ["0594", "0722"],
        ["0692", "0732"],
        ["0907", "0990"],
    ]
    files = sorted((SHARED / "data/ccp/photos").glob("*.jpg"))
    looks = [perceptual_hash(read_photo(file, max_side=256)) for file in files]
    groups = group_near_duplicates(np.array(looks))
    assert [[files[row].stem for row in group] for group in groups] == pairs
