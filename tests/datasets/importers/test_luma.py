import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers.luma import import_luma
from tiefvision.datasets.layout import read_dataset
from tiefvision.errors import BadDataset

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
VIEWS = ("main", "back", "alt1", "outfit")


@pytest.fixture
def source(tmp_path):
    """A folder with two products in four views each."""
    source = tmp_path / "luma"
    (source / "images").mkdir(parents=True)
    rows = ["file,product,colour,view"]
    generator = np.random.default_rng(0)
    for product in "ad":
        for view in VIEWS:
            noise = generator.integers(0, 256, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(noise).save(source / "images" / f"{product}_{view}.jpg")
            rows.append(f"{product}_{view}.jpg,{product},red,{view}")
    (source / "images.csv").write_text("\n".join(rows) + "\n")
    return source


def test_views_become_sources_and_products_become_items(source, tmp_path):
    report = import_luma(source, tmp_path / "out", seed=0)
    assert (report.photos, report.boxes, report.skipped) == (6, 0, ())
    dataset = read_dataset(tmp_path / "out")
    assert {(p.path, p.item_id, p.source, p.split) for p in dataset.photos} == {
        (f"{product}_{view}.jpg", product, kind, split)
        for product, split in (("a", "test"), ("d", "val"))
        for view, kind in (("main", "shop"), ("back", "street"), ("alt1", "street"))
    }
    assert {(p.width, p.height) for p in dataset.photos} == {(30, 40)}
    assert {p.variant for p in dataset.photos} == {"red"}
    for photo in dataset.photos:
        original = (source / "images" / photo.path).read_bytes()
        assert (dataset.images / photo.path).read_bytes() == original
    assert not (dataset.images / "a_outfit.jpg").exists()


def test_damage_is_skipped_with_the_reason(source, tmp_path):
    (source / "images" / "a_main.jpg").write_bytes(b"nothing")
    (source / "images" / "d_back.jpg").unlink()
    report = import_luma(source, tmp_path / "out", seed=0)
    assert report.photos == 4
    assert "a_main.jpg" in report.skipped[0]
    assert "d_back.jpg" in report.skipped[1]
    assert len(report.skipped) == 2


def test_a_broken_line_is_skipped_with_the_reason(source, tmp_path):
    with (source / "images.csv").open("ab") as table:
        table.write(b'a_main.jpg,a,red,main\nb.jpg\n"c.jpg\n')
    report = import_luma(source, tmp_path / "out", seed=0)
    assert report.photos == 6
    again, short, quote = report.skipped
    assert "line 10: the file 'a_main.jpg' is there again." in again
    assert "line 11: product is missing." in short
    assert "line 12: unexpected end of data." in quote


def test_a_source_without_photographs_is_refused(source, tmp_path):
    for file in (source / "images").iterdir():
        file.unlink()
    with pytest.raises(BadDataset, match="No photograph"):
        import_luma(source, tmp_path / "out", seed=0)


def test_a_source_of_another_shape_is_refused(tmp_path):
    with pytest.raises(BadDataset, match="products by view"):
        import_luma(tmp_path, tmp_path / "out", seed=0)
    assert not (tmp_path / "out").exists()


def test_the_format_is_listed():
    assert FORMATS["luma"].convert is import_luma


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "data/luma").is_dir(), reason="Luma is not there")
def test_luma_itself(tmp_path):
    report = import_luma(SHARED / "data/luma", tmp_path, seed=0)
    assert (report.photos, report.skipped) == (662, ())
    checked = check_dataset(tmp_path)
    assert checked.usable
    assert checked.by_source == {"shop": 420, "street": 242}
    assert checked.items == 147
