"""Files of vectors that a command line gives, each a ranker by its name."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.judging.vector_files import read_vector_file
from tiefvision.judging.vectors import VectorRanker
from tiefvision.ranking.garments import Embed, Weights
from tiefvision.ranking.kinds import RankerKind
from tiefvision.ranking.own import is_known, register
from tiefvision.ranking.registry import ranker_kind
from tiefvision.workspace.artifacts import CATALOGUE, STAGES
from tiefvision.workspace.provenance import file_hash

_NAME = re.compile(r"\w[\w.+-]*")


def register_vectors(given: Sequence[str]) -> tuple[str, ...]:
    """Let this process know embeddings made elsewhere as rankers.

    Args:
        given: "NAME=FILE" each; files of one name are taken together.

    Returns:
        The names, each once.

    Raises:
        BadUsage: A text has another form, or its name is that of something else.
        BadDataset: A file cannot be used, or has vectors of another length.
    """
    files: dict[str, list[Path]] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or not file or not _NAME.fullmatch(name):
            raise BadUsage(f"--vectors {text} is not NAME=FILE.")
        files.setdefault(name, []).append(Path(file))
    for name, paths in files.items():
        _register(name, paths)
    return tuple(files)


def _register(name: str, paths: Sequence[Path]) -> None:
    given = " ".join(f"{name}={path}" for path in paths)
    if name in (*STAGES.values(), CATALOGUE) or _is_ours(name):
        raise BadUsage(
            f"--vectors {name}: {name} is the name of a ranker or an artifact already.",
            f"Give another one: --vectors my-{name}={paths[0]}",
        )
    read = [read_vector_file(path) for path in paths]
    lengths = {file.vectors.shape[1]: file.path for file in read}
    if len(lengths) > 1:
        sizes = " and ".join(f"{size} in {path}" for size, path in lengths.items())
        raise BadDataset(f"Vectors of {name} have two lengths: {sizes}.")
    ranker = VectorRanker(name, read, {}, np.empty((0, *lengths), dtype=np.float32))
    digests = [file_hash(file.path) for file in read]
    names = [repr([*zip(file.photos, file.items, strict=True)]) for file in read]

    def build(details: Mapping[str, Any], weights: Weights) -> Embed:
        return ranker

    register(
        RankerKind(
            name,
            f"vectors made elsewhere: {', '.join(file.path.name for file in read)}",
            (),
            "nothing",
            build,
            lambda channels, cells, details: next(iter(lengths)),
            given=given,
            digest=hashlib.sha256("".join((*digests, *names)).encode()).hexdigest(),
        )
    )


def _is_ours(name: str) -> bool:
    """Whether a name is a ranker's of the project, or may become one's."""
    return is_known(name) and not ranker_kind(name).given
