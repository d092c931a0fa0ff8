"""The first step of training again: the workspace in which the new model is made."""

from pathlib import Path

from tiefvision.datasets.files import TRIPLETS
from tiefvision.files import link_file
from tiefvision.jobs.retraining.given import read_given
from tiefvision.jobs.retraining.merging import (
    nothing_usable,
    usable_triplets,
    write_judged,
    write_merged,
)
from tiefvision.jobs.retraining.places import (
    DATASET,
    JUDGED,
    STAGES_OF,
    again_folder,
    again_workspace,
)
from tiefvision.workspace.artifacts import STAGES, Workspace
from tiefvision.workspace.records import read_photos

NEW_PHOTOS = "z-labelled-"
"""How the folder of new photographs begins: they sort behind the others, so that stage
2 makes the same pictures of every n-th photograph as before."""


def prepare_locator(workspace: Workspace, job: str, labels: Path) -> str:
    """Write the dataset with the labels in it; what was done, as a sentence.

    Raises:
        BadDataset: No label can be used.
    """
    given = read_given(labels)
    with workspace.open("photos") as photos:
        target = again_folder(workspace, job) / DATASET
        boxes = write_merged(given, photos, target, f"{NEW_PHOTOS}{job}")
    return (
        f"{len(boxes.changed)} photographs of the dataset have new boxes, "
        f"{len(boxes.added)} are new, {len(boxes.unusable)} are left out."
    )


def prepare_ranker(workspace: Workspace, job: str, labels: Path) -> str:
    """Write the judged triplets, beside the artifacts that the ranker is trained on.

    Raises:
        BadDataset: No triplet can be used.
    """
    given = read_given(labels)
    made = again_workspace(workspace, job)
    with workspace.open("photos") as photos, workspace.open("crops") as crops:
        triplets, left_out = usable_triplets(given, photos, crops)
        paths = [photo.path for photo in read_photos(photos)]
    if not triplets:
        raise nothing_usable(given, "ranker")
    with workspace.open(STAGES["train_deeprank"]) as ranker:
        earlier = ranker.header.config.get("triplets", "")
    count = write_judged(triplets, earlier, paths, made.root / JUDGED)
    for stage, name in STAGES.items():
        if workspace.holds(name) and stage not in STAGES_OF["ranker"]:
            link_file(workspace.path(name), made.path(name))
    return (
        f"{count} judged triplets in {made.root / JUDGED / TRIPLETS}; {left_out} name "
        "photographs that are not in the training split, and are left out."
    )
