import inspect
from types import SimpleNamespace

import pytest

from tiefvision.models.bundle import Bundle, read_bundle
from tiefvision.models.protocol import (
    BUNDLE,
    Models,
    default_rankers,
    preferred_ranker,
)
from tiefvision.models.trained import TrainedModels
from tiefvision.workspace.artifacts import Workspace

MEMBERS = [name for name in vars(Models) if not name.startswith("_")]


@pytest.mark.parametrize(
    ("trained", "preferred"),
    [
        ((), "cosine"),
        (("deeprank",), "deeprank"),
        (("deeprank-a", "deeprank-b"), "deeprank-a"),
        (("deeprank-a", "deeprank"), "deeprank"),
    ],
)
def test_the_trained_ranker_without_a_suffix_is_preferred(trained, preferred):
    models = SimpleNamespace(trained=trained)
    assert preferred_ranker(models) == preferred
    # The baseline is always indexed, and nothing twice.
    expected = ("cosine",) if preferred == "cosine" else ("cosine", preferred)
    assert default_rankers(models) == expected


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("models", [TrainedModels, Bundle])
def test_workspaces_and_bundles_have_what_commands_need(models, name):
    wanted, made = vars(Models)[name], vars(models)[name]
    assert isinstance(made, property) == isinstance(wanted, property)
    if not isinstance(wanted, property):
        theirs = inspect.signature(wanted).parameters
        assert list(inspect.signature(made).parameters) == list(theirs)


def test_a_workspace_and_its_bundle_tell_the_same(trained, bundle):
    mine, theirs = TrainedModels(Workspace(trained)), read_bundle(bundle)
    assert mine.categories == theirs.categories == ("outfit",)
    assert mine.trained == theirs.trained == ("deeprank",)
    assert mine.crop_rules() == theirs.crop_rules()
    # By the digests, what one of them indexed is told from what the other did.
    assert set(theirs.digests()) == {BUNDLE}
    assert set(mine.digests(["deeprank"])) - set(mine.digests()) == {"deeprank"}
    assert BUNDLE not in mine.digests()
    assert set(theirs.galleries) < set(mine.galleries)
