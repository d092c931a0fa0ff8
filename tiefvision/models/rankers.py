"""Loading rankers: those that learn nothing, learn on demand, or were trained."""

from collections.abc import Sequence
from itertools import chain
from shlex import quote
from typing import TYPE_CHECKING

from tiefvision.errors import (
    BadDataset,
    BadUsage,
    MissingArtifact,
    TiefVisionError,
)
from tiefvision.models.added import added_rankers
from tiefvision.models.protocol import Models
from tiefvision.ranking.kinds import RankerKind
from tiefvision.ranking.registry import OWN, RANKERS, ranker_kind
from tiefvision.store.artifact import Artifact
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace, command_for
from tiefvision.workspace.job import Job, Resources, input_digests

if TYPE_CHECKING:  # checking a name must not import NumPy
    from tiefvision.ranking.garments import Embed
    from tiefvision.ranking.learning import TrainingCrops

VERSION = 1
"""Version of the algorithms that rankers learn with; raised when results change."""

LEARNT_FROM = ("photos", "crops")
"""Artifacts of the training split from which rankers learn without triplets."""


def require_ranker(workspace: Workspace, models: Models, name: str) -> RankerKind:
    """The kind of a ranker that can be loaded here; imports no NumPy.

    Args:
        workspace: workspace on whose training split a ranker learns.
        models: models with the trained rankers.
        name: name of the ranker.

    Raises:
        BadUsage: The name is unknown, or the models have no ranker of this name.
        MissingArtifact: The ranker has not been trained, or the artifacts that it
            learns from are missing; the message names the command that writes them.
    """
    kind = ranker_kind(name)
    if kind.learns == "triplets" and name not in models.trained:
        workspace.require(name)  # names the stage that is missing
        there = ", ".join(models.trained) or "none that is trained"
        raise BadUsage(
            f"There is no {name} among {models.label}. Rankers there: {there}."
        )
    if kind.learns == "elsewhere" and not workspace.holds(name):
        option = f" --workspace {quote(str(workspace.root))}"
        raise MissingArtifact(
            f"There is no {name}.lmdb in {workspace.root}.",
            f"Run: tiefvision models --add open_clip:MODEL:FILE --name {name}{option}",
        )
    if kind.learn and not workspace.holds(name):
        for needed in LEARNT_FROM:
            if not workspace.holds(needed):
                raise MissingArtifact(
                    f"{name} learns on the training split of a workspace, and there is "
                    f"no {needed}.lmdb in {workspace.root}.",
                    f"Run: {command_for(needed, workspace.root)}",
                )
    return kind


def require_category(known: Sequence[str], name: str) -> None:
    """Refuse a category that a locator does not distinguish.

    Args:
        known: categories of the locator.
        name: name of one; "" stands for all.

    Raises:
        BadUsage: The category is unknown.
    """
    if name and name not in known:
        raise BadUsage(
            f"The locator knows no category {name!r}.", f"Use {', '.join(known)}."
        )


def load_ranker(
    workspace: Workspace, models: Models, name: str, resources: Resources
) -> "Embed":
    """Load a ranker.

    A ranker that learns without triplets learns now, on the training split of the
    workspace, unless its artifact is up to date.

    Args:
        workspace: workspace on whose training split the ranker learns; it keeps the
            ranker as an artifact of the same name.
        models: models with the trained rankers.
        name: name of the ranker.
        resources: seed, limits and progress.

    Raises:
        BadUsage: The name is unknown, or the models have no ranker of this name.
        MissingArtifact: The ranker has not been trained, or the artifacts that it
            learns from are missing.
        BadDataset: The training split holds fewer than two photographs.
        BadWeights: The weights of the ranker are damaged.
    """
    kind = require_ranker(workspace, models, name)
    if kind.learns == "triplets":
        return _placed(models.trained_ranker(name), resources)
    if kind.learns == "elsewhere":
        return _placed(_kept(workspace, name), resources)
    if kind.learn is None:
        return kind.build({}, {})
    return _learnt(workspace, kind, name, resources)


def _placed(embed: "Embed", resources: Resources) -> "Embed":
    """A ranker on the device at hand; most compute with NumPy and stay where they are.

    Args:
        embed: loaded ranker.
        resources: device of torch.
    """
    from tiefvision.ranking.garments import OnDevice

    if not isinstance(embed, OnDevice):
        return embed
    return embed.on_device(str(resources.device))


EVERY = "all"
"""Name that stands for every ranker that can be loaded."""


def expand_every(
    names: Sequence[str], workspace: Workspace, models: Models
) -> tuple[str, ...]:
    """Names of rankers, each once, with ``EVERY`` replaced by all that can be loaded.

    Args:
        names: names of rankers, or ``EVERY``.
        workspace: workspace on whose training split rankers learn.
        models: models with the trained rankers.
    """
    if EVERY in names:
        loadable = loadable_rankers(workspace, models)
        expanded = (loadable if name == EVERY else (name,) for name in names)
        names = tuple(chain.from_iterable(expanded))
    return tuple(dict.fromkeys(names))


def loadable_rankers(workspace: Workspace, models: Models) -> tuple[str, ...]:
    """Names of all rankers that can be loaded here.

    Those of this project come first, in the order of the registry, then trained
    networks of the literature, then what was added.

    Args:
        workspace: workspace on whose training split rankers learn.
        models: models with the trained rankers.
    """
    ready = (name for name in OWN if RANKERS[name].learns != "triplets")
    names = (*ready, *models.trained, *added_rankers(workspace))
    loaded = [name for name in names if _loads(workspace, models, name)]
    places = {name: place for place, name in enumerate(OWN)}
    return tuple(
        sorted(loaded, key=lambda name: places.get(ranker_kind(name).name, len(OWN)))
    )


def _loads(workspace: Workspace, models: Models, name: str) -> bool:
    try:
        require_ranker(workspace, models, name)
    except TiefVisionError:
        return False
    return True


def ranker_digests(workspace: Workspace, names: Sequence[str]) -> dict[str, str]:
    """Digest of each ranker that a workspace keeps or learnt, or that is the user's.

    Args:
        workspace: workspace that holds the artifacts of rankers.
        names: names of loaded rankers; those of the project that learn nothing, or from
            triplets, are left out.
    """
    kinds = {name: ranker_kind(name) for name in names}
    kept = [n for n, kind in kinds.items() if kind.learn or kind.learns == "elsewhere"]
    own = {name: kind.digest for name, kind in kinds.items() if kind.digest}
    return input_digests(workspace, kept) | own


def _kept(workspace: Workspace, name: str) -> "Embed":
    """A ranker whose weights came from elsewhere."""
    from tiefvision.ranking.restoring import restore_ranker
    from tiefvision.workspace.networks import read_weights

    with workspace.open(name) as kept:
        details, weights = kept.header.details, read_weights(kept)
        return restore_ranker(ranker_kind(name), details, weights, kept.path.name)


def _learnt(
    workspace: Workspace, kind: RankerKind, name: str, resources: Resources
) -> "Embed":
    from tiefvision.ranking.restoring import restore_ranker
    from tiefvision.workspace.networks import read_weights, weight_tensors

    assert kind.learn is not None
    header = Header(
        stage="learn_ranker",
        version=VERSION,
        config={"ranker": name, "seed": resources.seed},
        inputs=input_digests(workspace, LEARNT_FROM),
    )
    with Job(workspace, name, header, resources) as job:
        if not job.up_to_date:
            with job.write() as writer:
                crops, photos = job.read("crops"), job.read("photos")
                training = _training_crops(crops, photos, name, resources)
                learnt = kind.learn(training)
                tensors = weight_tensors(learnt.weights)
                writer.write(tensors, {"ranker/name": name})
                writer.finish(encoder=crops.header.encoder, details=learnt.details)
        kept = job.read(name)
        details, weights = kept.header.details, read_weights(kept)
        return restore_ranker(kind, details, weights, kept.path.name)


def _training_crops(
    crops: Artifact, records: Artifact, name: str, resources: Resources
) -> "TrainingCrops":
    from tiefvision.evaluation.searches import search_of_split
    from tiefvision.ranking.learning import MOST_LEARNT_FROM, TrainingCrops
    from tiefvision.records import View
    from tiefvision.workspace.garments import alterations_of, garments_reader
    from tiefvision.workspace.maps import paths_with_maps
    from tiefvision.workspace.records import read_photos

    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    training = [
        photo for photo in photos if photo.split == "train" and photo.path in available
    ]
    # The gallery holds training photographs only: the others are kept for evaluation.
    search = search_of_split(training, "train", available, alterations_of(crops))
    if len(training) < 2 or len(search.gallery) < 2:
        learners = ", ".join(name for name, kind in RANKERS.items() if kind.learn)
        raise BadDataset(
            "The workspace's training split holds nothing to learn rankers from.",
            f"Give photographs the split train, or leave out {learners}.",
        )
    every = -(-len(training) // MOST_LEARNT_FROM)
    return TrainingCrops(
        [View(photo.path) for photo in training[::every]],
        search,
        garments_reader(crops),
        resources.seed,
        resources.track,
        name,
    )
