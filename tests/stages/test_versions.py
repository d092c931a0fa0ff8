"""The modules that each stage reaches by import, and the record of versions."""

import copy

import pytest

from stages.versions import (
    MAKERS,
    algorithms_of,
    current,
    declared_version,
    differences,
    makers,
    reached,
    read_record,
)

BASE = {"datasets", "encoders", "errors", "files", "photos", "progress", "records"}
BASE |= {"devices", "engines", "groups", "storage", "store", "workspace"}
BASE |= {"networks"}  # whose names say which command writes an artifact
ENCODING = BASE | {"boxes", "machine", "version", "weights"}
LOCATOR = ENCODING | {"locating", "training", "tuning"}
CROPS = ENCODING | {"ahead", "catalogue", "ranking"}
COMPARED = CROPS | {"evaluation", "judging", "locating"}

REACH = {
    "ingest": BASE | {"boxes", "machine", "version"},
    "encode": LOCATOR | {"ahead", "augmenting"},
    "train_classifier": LOCATOR,
    "train_boxes": LOCATOR,
    "localise": (LOCATOR - {"training", "tuning"}) | {"ahead", "evaluation"},
    "encode_crops": CROPS | {"augmenting"},
    "baseline": COMPARED,
    "train_deeprank": (ENCODING - {"boxes"})
    | {"ahead", "evaluation", "ranking", "training", "triplets"},
    "compare": COMPARED | {"index", "models"},
    "index": CROPS | {"evaluation", "index", "locating", "models"},
    "prepare": COMPARED | {"augmenting", "models"},
    "train_ranker": (CROPS - {"catalogue"})
    | {"augmenting", "evaluation", "locating", "models", "training", "triplets"}
    | {"wording"},
    "learn_ranker": BASE | {"evaluation", "machine", "models", "ranking", "version"},
}
"""The only parts of the package that each stage may depend on. Stages of the locator do
not depend on rankers, and no stage depends on pages."""


def parts_of(module):
    names = (name.split(".") for name in reached(module))
    return {name[1] for name in names if name[0] == "tiefvision" and len(name) > 1}


@pytest.mark.parametrize("name", list(makers()))
def test_a_stage_reaches_only_the_parts_it_may(name):
    assert parts_of(makers()[name]) == REACH[name]


@pytest.mark.parametrize(
    "name", ["encode", "train_classifier", "train_boxes", "localise"]
)
def test_a_locator_does_not_depend_on_rankers_or_pages(name):
    assert not parts_of(makers()[name]) & {
        "ranking",
        "triplets",
        "report",
        "judging",
        "catalogue",
    }
    touched = "tiefvision.ranking.deeprank"
    assert touched not in algorithms_of(makers()[name])
    assert touched in algorithms_of(makers()["train_deeprank"])


def test_errors_and_pages_are_no_algorithms():
    for module in makers().values():
        names = set(algorithms_of(module))
        assert not {"tiefvision.errors", "tiefvision.store.artifact"} & names
        assert not any(name.startswith("tiefvision.report") for name in names)


def test_algorithms_changed_only_together_with_their_record():
    found = list(differences(read_record(), current()))
    assert not found, "\n".join(found)


def test_a_changed_module_is_named_with_what_to_do():
    now = current()
    before = copy.deepcopy(now)
    before["modules"]["tiefvision.locating.votes"] = "another digest"
    found = {one.split(":")[0]: one for one in differences(before, now)}
    # Everything that locates, or loads models that locate.
    assert set(found) == {"localise", "index", "prepare", "compare", "train_ranker"}
    since = f"changed since version {now['versions']['localise']}"
    assert f"tiefvision.locating.votes {since}" in found["localise"]
    assert "raise VERSION in stages.s5_localise" in found["localise"]
    assert found["localise"].endswith("run: python -m stages.versions --record")


def test_a_raised_version_has_to_be_recorded():
    now = current()
    before = copy.deepcopy(now)
    before["versions"]["encode"] = 0
    (found,) = differences(before, now)
    version = now["versions"]["encode"]
    assert found.startswith(f"encode: version {version} is not recorded, but 0. Run: ")


@pytest.mark.parametrize("name", list(makers()))
def test_everything_that_writes_artifacts_declares_a_version(name):
    assert declared_version(makers()[name]) >= 1
    assert (name in MAKERS) or makers()[name].startswith("stages.s")
