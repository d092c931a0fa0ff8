import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from tiefvision.errors import BadDataset
from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison
from tiefvision.judging.packs import (
    METRICS,
    QUERIES,
    Origin,
    compared_inputs,
    read_pack,
    shared_values,
    write_pack,
)
from tiefvision.judging.results import RankerResult
from tiefvision.models.bundle import read_bundle
from tiefvision.models.trained import TrainedModels
from tiefvision.records import View
from tiefvision.workspace.artifacts import Workspace

ORIGIN = Origin(
    {"crops": "abc"},
    {"name": "alexnet"},
    "the models of here",
    "somewhere",
    {"within": "category"},
    torch.device("cpu"),
)
VIEWS = (View("a, b.jpg"), View("c.jpg", mirrored=True), View("d.jpg"))


def comparison_of(*ranks, views=VIEWS):
    search = Search("item", views, tuple("xyz"[: len(views)]), views, ("x",) * 3)
    results = tuple(
        RankerResult(
            name,
            np.array(row),
            {"average_precision": 1 / (1 + np.arange(len(row)))},
            np.zeros((len(row), 0), np.int64),
            np.zeros((len(row), 0), np.float32),
            np.zeros((len(row), 0), np.int64),
            np.zeros((len(row), 0), np.float32),
        )
        for name, row in zip(("cosine", "deeprank"), ranks, strict=False)
    )
    return Comparison("who, where", search, results, {}, {}, seed=3)


def write(folder, *ranks, **changes):
    write_pack(comparison_of(*ranks, **changes), folder, ORIGIN)
    return folder


def test_a_pack_is_read_as_it_was_written(tmp_path):
    pack = read_pack(write(tmp_path / "new" / "pack", [1, 4, 0], [2, 1, 1]))
    assert pack.protocol == "who, where"
    assert pack.queries == ("a, b.jpg", "c.jpg (mirrored)", "d.jpg")
    expected = comparison_of([1, 4, 0], [2, 1, 1])
    for result in expected.results:
        for figure, values in result.values().items():
            found = pack.values[result.ranker][figure]
            np.testing.assert_allclose(found, values, rtol=1e-8)


def test_the_files_hold_figures_queries_and_origin(tmp_path):
    folder = write(tmp_path, [1, 4, 0], [2, 1, 1])
    metrics = json.loads((folder / METRICS).read_text())
    assert metrics["seed"] == 3 and metrics["inputs"] == {"crops": "abc"}
    assert [line["ranker"] for line in metrics["rankers"]] == ["cosine", "deeprank"]
    assert metrics["rankers"][1]["recall@1"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert metrics["options"] == {"within": "category"}
    assert metrics["encoder"] == {"name": "alexnet"}
    assert metrics["models"] == "the models of here"
    assert metrics["dataset"] == "somewhere"
    assert {"tiefvision", "python", "torch", "nmslib", "cores", "device"} <= set(
        metrics["environment"]
    )
    with (folder / QUERIES).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[1]["query"] == "c.jpg (mirrored)"
    assert (rows[1]["item"], rows[1]["ranker"], rows[1]["rank"]) == ("y", "cosine", "4")
    assert float(rows[1]["recall@5"]) == 1.0 and float(rows[1]["recall@3"]) == 0.0


def test_packs_are_compared_on_the_queries_that_both_have(tmp_path):
    before = read_pack(write(tmp_path / "a", [1, 4, 0]))
    after = read_pack(write(tmp_path / "b", [0, 1], views=(VIEWS[2], VIEWS[1])))
    old, new, products = shared_values(before, after)
    assert products.tolist() == [1, 0]  # of the second pack
    # c.jpg, then d.jpg, in both.
    assert old["cosine"]["recall@5"].tolist() == [1, 0]
    assert new["cosine"]["recall@1"].tolist() == [1, 0]
    other = read_pack(write(tmp_path / "c", [1], views=(View("e.jpg"),)))
    with pytest.raises(BadDataset, match="no query in common"):
        shared_values(before, other)


def test_queries_of_one_product_are_known_by_their_number(tmp_path):
    comparison = comparison_of([1, 4, 0])
    search = replace(comparison.search, products=(0, 1, 0))
    write_pack(replace(comparison, search=search), tmp_path, ORIGIN)
    pack = read_pack(tmp_path)
    assert pack.products == ("0", "1", "0")
    *_, products = shared_values(pack, pack)
    assert products.tolist() == [0, 1, 0]


def test_in_a_pack_of_the_last_version_the_item_is_the_product(tmp_path):
    folder = write(tmp_path, [1, 4, 0])
    damage(folder, METRICS, lambda text: text.replace('"version": 2', '"version": 1'))
    rows = list(csv.reader((folder / QUERIES).open(newline="")))
    place = rows[0].index("product")
    with (folder / QUERIES).open("w", newline="") as file:
        csv.writer(file).writerows([*row[:place], *row[place + 1 :]] for row in rows)
    pack = read_pack(folder)
    assert pack.products == ("x", "y", "z")
    assert "product" not in pack.values["cosine"]


def damage(folder, file, change):
    path = folder / file
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (METRICS, lambda text: text[:50]),
        (METRICS, lambda text: "[]"),
        (METRICS, lambda text: text.replace('"version": 2', '"version": 3')),
        (QUERIES, lambda text: ""),
        (QUERIES, lambda text: text.replace("0.5", "much", 1)),
        (QUERIES, lambda text: text.replace("0.5", "nan", 1)),
        (QUERIES, lambda text: text[: text.rindex("d.jpg")]),
        (QUERIES, lambda text: text.replace("d.jpg", "a, b.jpg")),
        (QUERIES, lambda text: text.replace("query,", "question,")),
    ],
)
def test_a_damaged_pack_is_named(tmp_path, file, change):
    folder = write(tmp_path / "pack", [1, 4, 0], [2, 1, 1])
    damage(folder, file, change)
    with pytest.raises(BadDataset, match="pack"):
        read_pack(folder)


def test_a_folder_without_a_pack_is_named(tmp_path):
    with pytest.raises(BadDataset, match="compare --pack DIR"):
        read_pack(tmp_path / "none")


def test_the_inputs_are_digests_of_compared_artifacts_and_models(run, bundle, tmp_path):
    workspace = Workspace(run)
    own = {"photos", "crops"}
    located = {"crop_classifier", "box_regressors", "locations"}
    learnt = {"training/photos", "training/crops"}
    elsewhere = Workspace(shutil.copytree(run, tmp_path / "elsewhere"))
    for models, ranked, encoded in (
        (TrainedModels(workspace), {"deeprank"}, located),
        (read_bundle(bundle), {"heads"}, {"heads"}),
    ):
        for place, names, expected in (
            (workspace, ["cosine", "deeprank"], ranked),
            (workspace, ["cosine", "pca"], set()),
            (elsewhere, ["cosine", "deeprank"], ranked | encoded),
            (elsewhere, ["cosine"], encoded),
            (elsewhere, ["pca"], encoded | learnt),
        ):
            inputs = compared_inputs(place, workspace, models, names)
            assert set(inputs) == own | expected, (models.label, place.root, names)
