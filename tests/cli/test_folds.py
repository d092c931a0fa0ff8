import json

from tiefvision.cli.running import DONE, FAILED


def report(folder, ap50):
    figures = {"photographs": 70, "mean_iou": 0.7, "ap50": ap50}
    file = folder / "reports" / "localise.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"figures": {"test_by_category": {"dress": figures}}}))
    return folder


def test_the_table_of_two_folds(tiefvision, tmp_path):
    runs = [report(tmp_path / name, ap50) for name, ap50 in (("a", 0.4), ("b", 0.6))]
    result = tiefvision("folds", *runs)
    assert result.code == DONE
    means, deviations = result.out.split("\n\n")
    assert means.startswith("Mean of 2 folds:\n")
    row = means.splitlines()[2].split()
    assert row == ["dress", "140", "0.700", "0.500"]
    row = deviations.splitlines()[2].split()
    assert row == ["dress", "0.000", "0.141", "0.40", "0.60"]
    dress, mean = tiefvision("folds", *runs, "--json").lines
    assert dress["category"] == "dress" and dress["photographs"] == 140
    assert mean["categories"] == 1
    assert mean["ap50"]["values"] == [0.4, 0.6]


def test_a_workspace_without_a_report_is_named(tiefvision, tmp_path):
    result = tiefvision("folds", report(tmp_path / "a", 0.5), tmp_path / "none")
    assert result.code == FAILED
    assert str(tmp_path / "none") in result.err and "make locator" in result.err
