"""The artifacts of a run, in the order in which stages write them."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.store.artifact import Artifact

DEFAULT_WORKSPACE = Path("data/run")

STAGES: dict[str, str] = {
    "ingest": "photos",
    "encode": "features",
    "train_classifier": "crop_classifier",
    "train_boxes": "box_regressors",
    "localise": "locations",
    "encode_crops": "crops",
    "baseline": "baseline",
    "train_deeprank": "deeprank",
    "compare": "gallery",
}
"""What each stage writes. A stage's number is its place in this list; the files in
``stages/`` bear the same numbers, and a test compares them."""

CATALOGUE = "catalogue"
"""What ``tiefvision index`` writes; a search prefers it to the dataset's gallery."""


def stage_number(stage: str) -> int:
    """Place of a stage, counted from 1."""
    return list(STAGES).index(stage) + 1


def workspace_option(root: Path) -> str:
    """The option that a command needs for a workspace, with a space before it."""
    return "" if root == DEFAULT_WORKSPACE else f" --workspace {quote(str(root))}"


def command_for(name: str, root: Path = DEFAULT_WORKSPACE) -> str:
    """The command that writes an artifact.

    Args:
        name: Name of the artifact.
        root: Folder of the workspace; named in the command unless it is the default.
    """
    option = workspace_option(root)
    if name == CATALOGUE:
        return f"tiefvision index CATALOGUE{option}"
    variable = f" RUN={quote(str(root))}" if option else ""
    for stage, written in STAGES.items():
        if written == name:
            return f"make stage-{stage_number(stage)}{variable}"
    trained = STAGES["train_deeprank"]
    if name.startswith(f"{trained}-"):
        number = stage_number("train_deeprank")
        return f'make stage-{number}{variable} ARGS="--name {name}"'
    return f"tiefvision compare --ranker {name}{option}"


def command_of(path: Path) -> str:
    """The command that writes the artifact of a file."""
    return command_for(path.stem, path.parent)


@dataclass(frozen=True)
class Workspace:
    """A folder with the artifacts of one run.

    Attributes:
        root: The folder; it need not exist before the first stage.
    """

    root: Path = DEFAULT_WORKSPACE

    def path(self, name: str) -> Path:
        """Where the artifact of a name lies."""
        return self.root / f"{name}.lmdb"

    def report_path(self, stage: str) -> Path:
        """Where the report of a stage lies."""
        return self.root / "reports" / f"{stage}.json"

    def holds(self, name: str) -> bool:
        """Whether an artifact has been finished."""
        return self.path(name).is_file()

    def named_like(self, name: str) -> tuple[str, ...]:
        """Names of the finished artifacts called ``name``, or ``name`` and a suffix."""
        suffixed = sorted(path.stem for path in self.root.glob(f"{name}-*.lmdb"))
        return tuple(one for one in (name, *suffixed) if self.holds(one))

    def open(self, name: str) -> Artifact:
        """Open an artifact for reading.

        Raises:
            MissingArtifact: It has not been written; names the command that does.
            StaleArtifact: It is not an artifact of this version.
        """
        fix = f"Run: {command_for(name, self.root)}"
        try:
            return Artifact(self.path(name))
        except MissingArtifact as error:
            raise MissingArtifact(error.message, fix) from error
        except StaleArtifact as error:
            raise StaleArtifact(error.message, fix) from error
