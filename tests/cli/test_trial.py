import json

import pytest
from PIL import Image

from tiefvision.augmenting.nothing import KINDS
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE
from tiefvision.judging.locator import trial
from tiefvision.judging.locator.trial import TRIALS
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos


@pytest.fixture(autouse=True)
def few_painted(monkeypatch):
    """Two painted pictures of each kind, in place of twenty."""
    monkeypatch.setattr("tiefvision.judging.locator.nothing.PAINTED", 2)


def test_every_kind_of_photograph_is_tried(tiefvision, trained):
    spoken = tiefvision("trial", "--workspace", trained, "--json")
    assert spoken.code == DONE
    assert [line["name"] for line in spoken.lines] == [*TRIALS, *KINDS]
    alone, near, nearer, pairs = tried = spoken.lines[: len(TRIALS)]
    assert alone["photographs"] == alone["wanted"] == near["photographs"] > 1
    assert pairs["photographs"] == alone["photographs"] // 2
    assert pairs["wanted"] == 2 * pairs["photographs"]
    for line in tried:
        assert 0 <= line["found"] <= 1 and 0 <= line["mean_iou"] <= 1
        assert line["told"] >= 0
    table = tiefvision("trial", "--workspace", trained)
    assert all(name in table.out for name in TRIALS)
    assert f"{nearer['mean_iou']:.3f}" in table.out


def test_photographs_as_they_are_are_found_as_stage_5_found_them(
    tiefvision, trained, run_stage
):
    report = json.loads((trained / "reports" / "localise.json").read_text())
    figures = report["figures"]["test"]
    first = tiefvision("trial", "--workspace", trained, "--json").lines[0]
    told = first["found"], first["photographs"]
    # Stage 5 counts boxes that are not told as well.
    assert told[1] == figures["garments"]
    assert told[0] <= figures["iou_over_0.5"]


def test_an_unreadable_photograph_is_named_once(
    tiefvision, trained, broken, monkeypatch
):
    with Workspace(trained).open("photos") as photos:
        tested = [one for one in read_photos(photos) if one.split == "test"]

    def path_of(photos, path):
        return broken if path == tested[0].path else photo_path(photos, path)

    monkeypatch.setattr(trial, "photo_path", path_of)
    spoken = tiefvision("trial", "--workspace", trained, "--json")
    assert spoken.code == SOME_UNREADABLE
    assert spoken.err.count(broken.name) == 1
    assert spoken.lines[0]["photographs"] == len(tested) - 1


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--category", "crown"], BAD_USAGE, "outfit"),
        (["--workspace", "none"], FAILED, "stage"),
    ],
)
def test_an_impossible_trial_is_refused(tiefvision, trained, options, code, told):
    spoken = tiefvision("trial", "--workspace", trained, *options)
    assert spoken.code == code
    assert told in spoken.err


def test_pictures_without_garments_are_tried_by_kind_and_folder(
    tiefvision, trained, street, tmp_path
):
    folder = tmp_path / "nothing"
    folder.mkdir()
    (folder / "broken.jpg").write_bytes(b"no picture")
    Image.new("RGB", (80, 60), (90, 120, 30)).save(folder / "green.png")
    spoken = tiefvision("trial", "--workspace", trained, "--nothing", folder, "--json")
    assert spoken.code == SOME_UNREADABLE and "broken.jpg" in spoken.err
    lines = {line["name"]: line for line in spoken.lines[len(TRIALS) :]}
    assert set(lines) == {*KINDS, str(folder)}
    assert lines["noise"]["pictures"] == 2 and lines[str(folder)]["pictures"] == 1
    for line in lines.values():
        assert (line["false_alarms"] > 0) == (line["highest"] > 0)
