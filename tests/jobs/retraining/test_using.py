"""A new model in use, and back."""

from pathlib import Path

import pytest

from tiefvision.errors import BadUsage, MissingArtifact
from tiefvision.jobs.folders import jobs_folder, new_id
from tiefvision.jobs.holding import JobRunning, holding
from tiefvision.jobs.retraining import using
from tiefvision.jobs.retraining.places import KINDS, STAGES_OF, again_workspace
from tiefvision.jobs.retraining.using import Uses, go_back, use_model, uses_of
from tiefvision.workspace.artifacts import STAGES

both_kinds = pytest.mark.parametrize("kind", KINDS)


def headers(place):
    """Header of each artifact of a workspace, which has the digest of its content."""
    found = {}
    for name in STAGES.values():
        if place.holds(name):
            with place.open(name) as artifact:
                found[name] = artifact.header.to_json()
    return found


def reports(place):
    return {path.name: path.read_bytes() for path in place.root.glob("reports/*.json")}


@both_kinds
def test_a_new_model_takes_the_place_of_the_old_one_and_gives_it_back(kind, again):
    place, job = again(kind)
    old, told = headers(place), reports(place)
    new = headers(again_workspace(place, job))
    assert uses_of(place, job, kind) == Uses(is_made=True, in_use=False)
    use_model(place, job, kind)
    names = [STAGES[stage] for stage in STAGES_OF[kind]]
    assert headers(place) == old | {name: new[name] for name in names}
    assert reports(place) != told
    assert uses_of(place, job, kind) == Uses(is_made=True, in_use=True)
    go_back(place, job, kind)
    assert (headers(place), reports(place)) == (old, told)
    assert uses_of(place, job, kind) == Uses(is_made=True, in_use=False)
    use_model(place, job, kind)
    assert headers(place) == old | {name: new[name] for name in names}


@both_kinds
def test_stages_are_up_to_date_with_the_model_in_use(kind, again, run_stage):
    place, job = again(kind)
    use_model(place, job, kind)
    for stage in STAGES_OF[kind]:
        with place.open(STAGES[stage]) as artifact:
            settings = dict(artifact.header.config)
        for name, value in settings.items():
            settings[name] = tuple(value) if isinstance(value, list) else value
        if stage == "ingest":
            settings["data"] = Path(settings["data"])
        assert run_stage(place.root, stage, **settings) is None, stage


def test_what_was_not_there_before_goes_again(again):
    place, job = again("ranker")
    place.path("gallery").unlink()
    use_model(place, job, "ranker")
    assert place.holds("gallery")
    go_back(place, job, "ranker")
    assert not place.holds("gallery")


@pytest.mark.parametrize("killed_after", range(3))
def test_killed_half_way_it_goes_on_or_back(killed_after, again, monkeypatch):
    place, job = again("ranker")
    old, new = headers(place), headers(again_workspace(place, job))
    calls = []

    def link_file(source, target):
        if source.is_relative_to(place.root / "again") and len(calls) >= killed_after:
            raise KeyboardInterrupt
        calls.append(target)
        real(source, target)

    real = using.link_file
    with monkeypatch.context() as patched:
        patched.setattr(using, "link_file", link_file)
        with pytest.raises(KeyboardInterrupt):
            use_model(place, job, "ranker")
    uses = uses_of(place, job, "ranker")
    assert not uses.replaced_since
    if uses.in_use:
        go_back(place, job, "ranker")
    assert headers(place) == old
    use_model(place, job, "ranker")
    expected = old | {name: new[name] for name in ("deeprank", "gallery")}
    assert headers(place) == expected


def test_a_model_that_others_replaced_stays_where_it_is(again, run_stage):
    place, job = again("ranker")
    use_model(place, job, "ranker")
    run_stage(place.root, "train_deeprank", epochs=1)
    uses = uses_of(place, job, "ranker")
    assert (uses.in_use, uses.replaced_since) == (True, "deeprank")
    for action in (go_back, use_model):
        with pytest.raises(BadUsage, match=r"deeprank\.lmdb .* was made anew after"):
            action(place, job, "ranker")


def test_what_is_not_in_use_cannot_be_taken_back(again):
    place, job = again("ranker")
    with pytest.raises(BadUsage, match="is not in use"):
        go_back(place, job, "ranker")


def test_a_job_without_a_model_cannot_be_used(again):
    place, _ = again("ranker")
    with pytest.raises(MissingArtifact, match="has made no model"):
        use_model(place, new_id(), "ranker")


def test_nothing_is_replaced_while_a_job_runs(again):
    place, job = again("ranker")
    before = headers(place)
    with holding(jobs_folder(place), new_id()):
        for action in (go_back, use_model):
            with pytest.raises(JobRunning):
                action(place, job, "ranker")
    assert headers(place) == before
