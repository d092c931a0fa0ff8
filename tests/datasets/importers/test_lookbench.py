import io

import numpy as np
import pytest
from PIL import Image

from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers import lookbench as module
from tiefvision.datasets.importers.lookbench import import_lookbench
from tiefvision.datasets.layout import read_dataset
from tiefvision.datasets.qrels import read_qrels
from tiefvision.errors import BadDataset


def picture(seed, form="JPEG"):
    noise = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, form)
    return file.getvalue()


def row(seed, item, category, main, others=(), **changed):
    values = {
        "image": {"bytes": picture(seed), "path": None},
        "category": category,
        "main_attribute": main,
        "other_attributes": list(others),
        "bbox": [1.0, 2.0, 20.0, 30.0],
        "item_ID": item,
        "task": "multi",
        "difficulty": "hard",
    }
    return values | changed


QUERY = [
    row(0, "7", "Dress", "floral", ["midi", "Belted"]),
    row(1, "8", "coat", "wool"),
    row(2, "9", "hat", "straw", image={"bytes": b"nothing", "path": None}),
]
GALLERY = [
    row(3, "7", "dress", "Floral", ["midi", "belted", "silk"]),
    row(4, "5", "dress", "striped", ["midi"], image=picture(4, "PNG")),
    row(5, "6", "dress", "plain", []),
    row(6, "8", "coat", "down", ["wool"]),
]
NOISE = [row(7, None, "dress", "floral", ["midi"], item_ID=None)]
TABLES = {"query": QUERY, "gallery": GALLERY, "noise": NOISE}


@pytest.fixture
def source(tmp_path):
    """The folder of a subset beside that of the distractors, with empty files."""
    subset = tmp_path / "v1" / "real_streetlook"
    subset.mkdir(parents=True)
    (tmp_path / "v1" / "noise").mkdir()
    for file in ("query.parquet", "gallery.parquet", "../noise/noise.parquet"):
        (subset / file).touch()
    return subset


@pytest.fixture
def rows(monkeypatch):
    """Rows in place of those of the files, so that no package is needed."""
    tables = {name: list(table) for name, table in TABLES.items()}
    monkeypatch.setattr(
        module, "read_parquet_rows", lambda file, *_: iter(tables[file.stem])
    )
    return tables


def check_import(source, folder):
    report = import_lookbench(source, folder, seed=0)
    assert (report.photos, report.boxes) == (7, 0)
    assert len(report.skipped) == 1 and "query.parquet, row 2" in report.skipped[0]
    dataset = read_dataset(folder)
    assert {(one.path, one.source, one.item_id) for one in dataset.photos} == {
        ("query/query-000000.jpg", "street", "7"),
        ("query/query-000001.jpg", "street", "8"),
        ("gallery/gallery-000000.jpg", "shop", "7"),
        ("gallery/gallery-000001.png", "shop", "5"),
        ("gallery/gallery-000002.jpg", "shop", "6"),
        ("gallery/gallery-000003.jpg", "shop", "8"),
        ("noise/noise-000000.jpg", "shop", ""),
    }
    assert {one.split for one in dataset.photos} == {"test"}
    file = dataset.images / "gallery" / "gallery-000001.png"
    assert file.read_bytes() == picture(4, "PNG")
    checked = check_dataset(folder)
    assert checked.usable and (checked.missing, checked.corrupt) == ((), {})
    dress, coat = "query/query-000000.jpg", "query/query-000001.jpg"
    shown = [f"gallery/gallery-00000{n}.jpg" for n in range(4)]
    shown[1] = "gallery/gallery-000001.png"
    assert read_qrels(folder / "qrels" / "coarse.tsv") == {
        dress: dict.fromkeys(shown[:3], 1.0),
        coat: {shown[3]: 1.0},
    }
    assert read_qrels(folder / "qrels" / "fine.tsv") == {dress: {shown[0]: 1.0}}
    # "wool" is the main attribute of one coat and another one of the other.
    assert read_qrels(folder / "qrels" / "overlap.tsv") == {
        dress: {shown[0]: 3.0, shown[1]: 1.0},
        coat: {shown[3]: 1.0},
    }


def test_queries_gallery_and_distractors_become_a_dataset(source, rows, tmp_path):
    check_import(source, tmp_path / "out")
    check_import(source, tmp_path / "out")  # once more completes what is there


def test_a_subset_in_parquet(source, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for name, table in TABLES.items():
        table = [dict(one, image=image_of(one)) for one in table]
        folder = source.parent / "noise" if name == "noise" else source
        parquet.write_table(
            pyarrow.Table.from_pylist(table), folder / f"{name}.parquet"
        )
    check_import(source, tmp_path / "out")
    parquet.write_table(
        pyarrow.Table.from_pylist([{"image": b"", "category": "hat"}]),
        source / "query.parquet",
    )
    with pytest.raises(BadDataset, match="no column main_attribute, item_ID, but"):
        import_lookbench(source, tmp_path / "other", seed=0)
    (source / "query.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(BadDataset, match=r"query\.parquet cannot be read"):
        import_lookbench(source, tmp_path / "other", seed=0)


def image_of(one):
    """The image in the one form that a column of a file has."""
    image = one["image"]
    return image if isinstance(image, dict) else {"bytes": image, "path": None}


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"holds no subset of LookBench: .*query\.p"):
        import_lookbench(tmp_path, tmp_path / "out", seed=0)


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        ("../../secret.jpg", "climbs out"),
        ("/etc/hostname", "absolute"),
        ("missing.jpg", "missing.jpg"),
        (None, "no photograph"),
        (7, "no photograph"),
    ],
)
def test_paths_do_not_leave_the_folder(source, rows, tmp_path, image, fault):
    rows["query"].append(row(9, "8", "coat", "wool", image=image))
    report = import_lookbench(source, tmp_path / "out", seed=0)
    assert fault in report.skipped[-1]
    assert report.photos == 7


def test_a_photograph_may_be_named_by_its_path(source, rows, tmp_path):
    (source / "images").mkdir()
    (source / "images" / "a.jpg").write_bytes(picture(9))
    rows["query"].append(row(9, "8", "coat", "wool", image="images/a.jpg"))
    assert import_lookbench(source, tmp_path / "out", seed=0).photos == 8


def test_attributes_come_in_several_forms():
    for value in (["Midi", "belted "], "midi, belted", "['midi', 'Belted']"):
        assert module._attributes(value) == {"midi", "belted"}
    assert module._attributes({"length": "Midi", "fit": None}) == {"length: midi"}
    assert module._attributes(None) == module._attributes("") == frozenset()


def test_without_a_gallery_nothing_is_written(source, rows, tmp_path):
    rows["gallery"] = []
    with pytest.raises(BadDataset, match=r"gallery\.parquet can be read"):
        import_lookbench(source, tmp_path / "out", seed=0)


def test_the_format_is_listed():
    assert FORMATS["lookbench"].convert is import_lookbench
