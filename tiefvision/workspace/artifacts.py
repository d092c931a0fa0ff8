"""The artifacts of a run, in the order in which stages write them."""

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tiefvision.errors import BadUsage, MissingArtifact, StaleArtifact
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
"""Artifact of each stage. The number of a stage is its place in this list; a test holds
it against the file names in ``stages/``."""

CATALOGUE = "catalogue"
"""Artifact of ``tiefvision index``; a search prefers it to the dataset's gallery."""


def stage_number(stage: str) -> int:
    """Number of a stage, from 1."""
    return list(STAGES).index(stage) + 1


def workspace_option(root: Path) -> str:
    """The option that a command needs for a workspace, with a space before it."""
    return "" if root == DEFAULT_WORKSPACE else f" --workspace {quote(str(root))}"


def command_for(name: str, root: Path = DEFAULT_WORKSPACE) -> str:
    """The command that writes an artifact.

    Args:
        name: name of the artifact.
        root: folder of the workspace; the command names it unless it is the default.
    """
    option = workspace_option(root)
    if name == CATALOGUE:
        return f"tiefvision index CATALOGUE{option}"
    variable = f" RUN={quote(str(root))}" if option else ""
    for stage, written in STAGES.items():
        if written == name:
            return f"make stage-{stage_number(stage)}{variable}"
    from tiefvision.networks.table import NETWORKS  # few commands need it

    kind, _, suffix = name.partition("-")
    if kind in NETWORKS:
        named = f" --name {name}" if suffix else ""
        return f"tiefvision train {kind}{named}{option}"
    trained = STAGES["train_deeprank"]
    if name.startswith(f"{trained}-"):
        number = stage_number("train_deeprank")
        return f'make stage-{number}{variable} ARGS="--name {name}"'
    return f"tiefvision compare --ranker {name}{option}"


def command_of(path: Path) -> str:
    """The command that writes the artifact at a path."""
    return command_for(path.stem, path.parent)


def workspace_at(root: Path) -> "Workspace":
    """The workspace in a folder, which need not exist. Raises BadUsage for a file."""
    if root.exists() and not root.is_dir():
        raise BadUsage(f"The workspace {root} is no folder.", "Name another one.")
    return Workspace(root)


@dataclass(frozen=True)
class Workspace:
    """A folder with the artifacts of one run.

    Attributes:
        root: folder of the run; it need not exist before the first stage.
    """

    root: Path = DEFAULT_WORKSPACE

    def path(self, name: str) -> Path:
        """Path of an artifact, whether it exists or not."""
        return self.root / f"{name}.lmdb"

    def report_path(self, stage: str) -> Path:
        """Path of the report of a stage, whether it exists or not."""
        return self.root / "reports" / f"{stage}.json"

    def holds(self, name: str) -> bool:
        """Whether a finished artifact of this name exists."""
        return self.path(name).is_file()

    def names(self) -> tuple[str, ...]:
        """Names of all finished artifacts, sorted: "x" comes before "x-suffix"."""
        return tuple(
            sorted(path.stem for path in self.root.glob("*.lmdb") if path.is_file())
        )

    def open(self, name: str) -> Artifact:
        """Open an artifact for reading.

        Raises:
            MissingArtifact: The artifact has not been written; the message names the
                command that writes it.
            StaleArtifact: The file is not an artifact of this release.
        """
        fix = f"Run: {command_for(name, self.root)}"
        try:
            return Artifact(self.path(name))
        except MissingArtifact as error:
            raise MissingArtifact(error.message, fix) from error
        except StaleArtifact as error:
            raise StaleArtifact(error.message, fix) from error

    def require(self, *names: str) -> None:
        """Refuse to go on without artifacts. Raises as ``open`` does."""
        for name in names:
            self.open(name).close()
