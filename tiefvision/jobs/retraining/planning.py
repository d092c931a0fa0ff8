"""What training again takes: the commands, after checks that need no network."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from tiefvision.datasets.files import TRIPLETS
from tiefvision.errors import MissingArtifact, TiefVisionError
from tiefvision.jobs.folders import new_id
from tiefvision.jobs.record import Step
from tiefvision.jobs.retraining.given import Given, read_given
from tiefvision.jobs.retraining.merging import (
    nothing_usable,
    sort_boxes,
    usable_triplets,
)
from tiefvision.jobs.retraining.places import (
    DATASET,
    JUDGED,
    STAGES_OF,
    Kind,
    again_folder,
)
from tiefvision.workspace.artifacts import (
    STAGES,
    Workspace,
    stage_number,
)

IN_WORDS: Mapping[str, str] = {
    "ingest": "check the dataset",
    "encode": "encode the photographs",
    "train_classifier": "train the crop classifier",
    "train_boxes": "train the box regressors",
    "localise": "locate, and judge the boxes",
    "encode_crops": "encode the crops",
    "baseline": "measure the baseline",
    "train_deeprank": "train DeepRank",
    "compare": "index the gallery, and compare the rankers",
}
"""What each stage does, for people."""


@dataclass(frozen=True)
class Plan:
    """A job that trains again, before it is started.

    Attributes:
        id: Id of the job.
        kind: What is trained.
        steps: The commands.
        counts: What there is to learn from, by name.
        problems: A sentence for everything in the labels that cannot be used.
    """

    id: str
    kind: Kind
    steps: tuple[Step, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def plan_training(
    workspace: Workspace,
    kind: Kind,
    labels: Path,
    shared: Sequence[str] = (),
    job: str | None = None,
) -> Plan:
    """Plan to train the locator or the ranker of a workspace again.

    Args:
        workspace: Workspace with the dataset and the model that is there now.
        kind: What to train.
        labels: A COCO file, a triplets.csv, or a folder with both.
        shared: Options for every stage, such as ``--device cuda``.
        job: Id of the job, if it has been made already.

    Raises:
        TiefVisionError: The stages are not installed here.
        MissingArtifact: The workspace has no dataset, or lacks the model.
        BadDataset: Nothing can be learnt from the labels.
    """
    require_trainable(workspace, kind)
    given = read_given(labels)
    job = job or new_id()
    root = workspace.root.absolute()
    prepare = ("prepare", job, kind, "--labels", str(labels.absolute()))
    counts = _counted(workspace, kind, given)
    again = again_folder(Workspace(root), job)
    changes: dict[str, dict[str, Any]] = {
        # The splits are as they were dealt: the merged dataset has them.
        "ingest": {"data": again / DATASET, "folds": 0, "fold": 0},
        "train_deeprank": {"triplets": again / JUDGED / TRIPLETS},
    }
    stages = [
        stage_step(workspace, name, again, changes.get(name, {}), shared)
        for name in STAGES_OF[kind]
    ]
    if kind == "locator":
        text = "keep the feature maps of unchanged photographs"
        stages.insert(1, _own_step(text, root, "carry", job))
    steps = (
        _own_step("merge the labels", root, *prepare),
        *stages,
        _own_step("compare the new model with the old one", root, "judge", job, kind),
    )
    return Plan(job, kind, steps, counts, given.problems)


def require_trainable(workspace: Workspace, kind: Kind) -> None:
    """Refuse to train again what cannot be trained here, whatever the labels.

    Raises:
        TiefVisionError: The stages are not installed here.
        MissingArtifact: The workspace has no dataset, or lacks the model.
    """
    require_stages()
    _require_dataset(workspace)
    workspace.require(*(STAGES[name] for name in STAGES_OF[kind]))


def plan_refresh(
    workspace: Workspace, kind: Kind, folder: Path | None, shared: Sequence[str] = ()
) -> Plan:
    """Plan to make anew what other models made, once a new one is in use.

    Args:
        workspace: Workspace with the new model.
        kind: What was trained again. After a locator the stages that follow it run; a
            ranker comes with all that needs it.
        folder: Folder of the catalogue; None if there is none.
        shared: Options for every stage and command.
    """
    require_stages()
    root = workspace.root.absolute()
    later = list(STAGES)[stage_number("localise") :] if kind == "locator" else []
    steps = [
        stage_step(workspace, name, root, {}, shared)
        for name in later
        if workspace.holds(STAGES[name])
    ]
    if folder:
        index = (*_OURS, "index", str(folder), "--workspace", str(root), *shared)
        steps.append(Step("make the catalogue anew", index))
    return Plan(new_id(), kind, tuple(steps))


def require_stages() -> None:
    """Refuse to plan where no stage can run.

    Raises:
        TiefVisionError: The package is installed without them.
    """
    # Imported by name alone: a package that has this name and is not ours has no such
    # module.
    try:
        found = importlib.util.find_spec("stages.runner")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise TiefVisionError(
            "Training again runs the stages, which are not part of the installed "
            "package.",
            "Run it in a clone of the repository.",
        )


def stage_step(
    workspace: Workspace,
    stage: str,
    root: Path,
    changes: Mapping[str, Any],
    shared: Sequence[str] = (),
) -> Step:
    """The command that runs a stage with the settings that it had.

    Args:
        workspace: Workspace whose artifact tells the settings.
        stage: Name of the stage.
        root: Workspace of the new run.
        changes: Settings that differ.
        shared: Options that all stages share.
    """
    with workspace.open(STAGES[stage]) as artifact:
        settings = {**artifact.header.config, **changes}
    command = (sys.executable, "-m", "stages", stage, f"--workspace={root}")
    return Step(IN_WORDS[stage], (*command, *_options(settings), *shared))


def counts_in_words(counts: Mapping[str, int]) -> str:
    """What there is to learn from, as a part of a sentence.

    >>> counts_in_words({"relabelled": 3, "added": 1})
    '3 relabelled, 1 added'
    """
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)


_OURS = (sys.executable, "-m", "tiefvision")


def _own_step(text: str, root: Path, *arguments: str) -> Step:
    command = (*_OURS, "retrain", *arguments, f"--workspace={root}")
    return Step(text, command)


def _options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as options of a stage; an empty one is a default."""
    return [
        f"--{name.replace('_', '-')}={value}"
        for name, values in settings.items()
        for value in (values if isinstance(values, list) else [values])
        if value != ""
    ]


def _require_dataset(workspace: Workspace) -> None:
    """Raises MissingArtifact if no dataset has been read into the workspace."""
    if not workspace.holds(STAGES["ingest"]):
        raise MissingArtifact(
            f"{workspace.root} has no dataset, which training again adds labels to.",
            "Import one (tiefvision data formats lists how), and run: make all "
            f"DATA=DIR RUN={quote(str(workspace.root))}",
        )


def _counted(workspace: Workspace, kind: Kind, given: Given) -> dict[str, int]:
    """What there is to learn from. Raises BadDataset if it is nothing."""
    with workspace.open("photos") as photos:
        if kind == "locator":
            boxes = sort_boxes(given, photos)
            counts = boxes.counts()
            usable = len(boxes.changed) + len(boxes.added)
        else:
            with workspace.open("crops") as crops:
                triplets, left_out = usable_triplets(given, photos, crops)
            usable = len(triplets)
            counts = {"judged": usable, "left out": left_out}
    if not usable:
        raise nothing_usable(given, kind)
    return counts
