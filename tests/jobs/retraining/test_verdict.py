"""What the comparison says, from figures worked by hand."""

import pytest

from tiefvision.jobs.folders import new_id
from tiefvision.jobs.retraining.places import again_folder
from tiefvision.jobs.retraining.verdict import (
    ComparedFigure,
    read_verdict,
    verdict_of,
    write_verdict,
)
from tiefvision.workspace.artifacts import Workspace


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (("recall@1", 0.5, 0.6, 0.05, 0.15), "is better than the old one: "),
        (("recall@1", 0.6, 0.5, -0.15, -0.05), "is worse than the old one: "),
        (("recall@1", 0.5, 0.6, -0.05, 0.25), "differs from the old one by no more "),
        (("recall@1", 0.5, 0.6), "differs from the old one by no more "),
        (("recall@1", 0.5, 0.5, 0.0, 0.0), "is as good as the old one: "),
        (("wrong boxes", 2.0, 1.0, -1.5, -0.5, True), "is better than the old one: "),
    ],
)
def test_the_first_figure_decides(figure, said):
    other = ComparedFigure("another", 0.1, 0.9, 0.7, 0.9)
    verdict = verdict_of("ranker", "8 searches", [ComparedFigure(*figure), other])
    assert verdict.sentence.startswith(f"The new ranker {said}")
    name, old, new, *_ = figure
    assert f"{name} {new:.3f} after {old:.3f}, on 8 searches" in verdict.sentence


def test_nothing_was_measured():
    sentence = verdict_of("locator", "no photographs", []).sentence
    assert sentence == "The new locator could not be compared with the old one."


def test_a_verdict_is_kept(tmp_path):
    place, job = Workspace(tmp_path), new_id()
    assert read_verdict(place, job) is None
    figures = [ComparedFigure("recall@1", 0.5, 0.625, -0.1, 0.35)]
    verdict = verdict_of("ranker", "8 searches", figures)
    write_verdict(place, job, verdict)
    assert read_verdict(place, job) == verdict
    assert verdict.to_dict()["figures"][0]["difference"] == 0.125


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"figures": 3}'])
def test_a_damaged_verdict_is_none(content, tmp_path):
    place, job = Workspace(tmp_path), new_id()
    again_folder(place, job).mkdir(parents=True)
    (again_folder(place, job) / "verdict.json").write_text(content)
    assert read_verdict(place, job) is None
