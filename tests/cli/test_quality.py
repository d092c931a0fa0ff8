import numpy as np
import pytest
from PIL import Image

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE

KEYS = [
    "encoder",
    "weights",
    "features",
    "measure",
    "k",
    "value",
    "low",
    "high",
    "by_query",
    "photographs",
    "queries",
]


ALONE = ("mean", "maxima", "4x2 regions", "cells")

EMBEDDINGS = [
    ("none", "8x8x8 RGB"),
    ("none", "LAB"),
    *(("alexnet", name) for name in ALONE),
    *(("alexnet", f"{name} + LAB") for name in ALONE),
]


def save_noise(file, seed):
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)


@pytest.fixture
def clothing(tmp_path):
    root = tmp_path / "clothing"
    for number in range(4):
        label = "hat" if number % 2 else "shoes"
        save_noise(root / "train" / label / f"{number}.png", number)
    save_noise(root / "test" / "hat" / "0.png", 1)
    return root


@pytest.fixture
def luma(tmp_path):
    root = tmp_path / "luma"
    rows = ["file,product,colour,view"]
    for product in "ab":
        for view in ("main", "back", "alt1"):
            name = f"{product}_{view}.png"
            save_noise(root / "images" / name, ord(product))
            rows.append(f"{name},{product},red,{view}")
    (root / "images.csv").write_text("\n".join(rows) + "\n")
    return root


def test_a_line_of_json_for_every_figure(tiefvision, clothing, luma):
    spoken = tiefvision("quality", "--clothing", clothing, "--luma", luma, "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    assert all(list(line) == KEYS for line in spoken.lines)
    figures = {
        (x["encoder"], x["features"], x["measure"], x["k"]) for x in spoken.lines
    }
    expected = {
        (encoder, features, "class", 10)
        for encoder, features in EMBEDDINGS
        if "cells" not in features
    }
    for encoder, features in EMBEDDINGS:
        for view in ("back", "alt1"):
            expected |= {(encoder, features, view, k) for k in (1, 5, 20)}
    assert figures == expected
    # All views of a product are one picture here.
    views = [line for line in spoken.lines if line["measure"] != "class"]
    assert {line["value"] for line in views} == {1.0}


def test_the_table_has_a_row_for_every_candidate(tiefvision, luma):
    spoken = tiefvision("quality", "--luma", luma)
    head, *rows = spoken.out.splitlines()
    assert head.split()[:5] == ["encoder", "weights", "features", "back@1", "back@5"]
    assert [row.split()[0] for row in rows] == [name for name, _ in EMBEDDINGS]
    assert rows[0].split()[-6:] == ["1.000"] * 6


def test_an_unreadable_photograph_is_named(tiefvision, clothing):
    broken = clothing / "train" / "hat" / "1.png"
    broken.write_bytes(b"nothing")
    spoken = tiefvision("quality", "--clothing", clothing, "--json")
    assert spoken.code == SOME_UNREADABLE
    assert str(broken) in spoken.err
    assert {line["photographs"] for line in spoken.lines} == {3}


def test_wrong_arguments(tiefvision, clothing, luma):
    spoken = tiefvision("quality", "--luma", luma, "--half", "both")
    assert spoken.code == BAD_USAGE
    assert "reporting" in spoken.err
    spoken = tiefvision("quality")
    assert spoken.code == BAD_USAGE
    assert "--clothing or --luma" in spoken.err
    spoken = tiefvision("quality", "--luma", luma, "--encoder", "alexnet")
    assert spoken.code == BAD_USAGE
    assert "alexnet:random" in spoken.err
    spoken = tiefvision("quality", "--luma", luma, "--encoder", "resnet:random")
    assert spoken.code == BAD_USAGE
    assert "'resnet'" in spoken.err
    spoken = tiefvision("quality", "--luma", luma, "--encoder", "alexnet:no.file")
    assert spoken.code == FAILED
    assert "no.file" in spoken.err
    spoken = tiefvision("quality", "--luma", clothing)
    assert spoken.code == FAILED
    assert "does not hold products by view" in spoken.err
    spoken = tiefvision("quality", "--clothing", luma)
    assert spoken.code == FAILED
    assert "does not hold class folders" in spoken.err
