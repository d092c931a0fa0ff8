"""Where training again leaves what it makes: ``WORKSPACE/again/<id of the job>``.

again/<id>/            a workspace of its own: artifacts and reports of the new model
again/<id>/dataset     for a locator: the dataset with the labels in it
again/<id>/judged      for a ranker: a triplets.csv
again/<id>/verdict.json  the new model against the old one
again/<id>/before      what the new model replaced, while it is in use
"""

from pathlib import Path
from typing import Literal, get_args

from tiefvision.errors import require_known
from tiefvision.jobs.folders import job_folder
from tiefvision.workspace.artifacts import Workspace

Kind = Literal["locator", "ranker"]
"""What is trained again."""

KINDS: tuple[Kind, ...] = get_args(Kind)

STAGES_OF: dict[Kind, tuple[str, ...]] = {
    "locator": ("ingest", "encode", "train_classifier", "train_boxes", "localise"),
    "ranker": ("train_deeprank", "compare"),
}
"""The stages that run, whose artifacts are put in use."""

DATASET, JUDGED, VERDICT, BEFORE = "dataset", "judged", "verdict.json", "before"


def again_folder(workspace: Workspace, job: str) -> Path:
    """The folder of a job that trains again, whether it exists or not.

    Raises:
        BadUsage: The id is none.
    """
    return workspace.root / "again" / job_folder(workspace, job).name


def again_workspace(workspace: Workspace, job: str) -> Workspace:
    """The workspace of the new model. Raises BadUsage for an id that is none."""
    return Workspace(again_folder(workspace, job))


def require_kind(kind: str) -> Kind:
    """The kind of training again that a name stands for. Raises BadUsage."""
    require_known("The kind", kind, KINDS)
    return next(one for one in KINDS if one == kind)
