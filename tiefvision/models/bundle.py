"""Bundles: trained models as three files in a folder, apart from any workspace.

Two are encoders, ``encoder-<architecture>.safetensors`` for garments and
``locator-<architecture>.safetensors`` for locating them. The third, named
``heads.safetensors``, holds the networks that were trained over them: the tensors of
each under "crop_classifier.", "box_regressors." and "deeprank.", and in the header what
the artifacts of a workspace say of them. The models that ship with the package are one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import (
    DenseEncoder,
    EncoderIdentity,
    make_encoder,
    same_encoder,
)
from tiefvision.encoders.weights import LOCATOR, ROLES, SHIPPED, encoder_file
from tiefvision.encoders.weights_files import (
    WeightsFile,
    read_weights_file,
    require_format,
)
from tiefvision.errors import BadUsage, BadWeights
from tiefvision.locating.findings import TellingRules
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.locator import Locator
from tiefvision.locating.pyramid import Pyramid
from tiefvision.locating.votes import VotingRules
from tiefvision.models.networks import (
    build_classifier,
    build_deeprank,
    build_regressors,
    restore_module,
)
from tiefvision.models.trained import BUNDLE, COSINE, DEEPRANK
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.views import CosineRanker
from tiefvision.workspace.artifacts import CATALOGUE
from tiefvision.workspace.provenance import file_hash

HEADS_FILE = "heads.safetensors"
HEADS_FORMAT = "tiefvision-heads"
HEADS_VERSION = 4
"""Of the layout of the heads' file; another one is refused."""

CLASSIFIER = "crop_classifier"
REGRESSORS = "box_regressors"

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Bundle:
    """Trained models of a folder: they satisfy ``Models``.

    Attributes:
        heads: The file of the heads; the encoders lie beside it.
        digest: SHA-256 of that file.
    """

    heads: WeightsFile
    digest: str

    @property
    def label(self) -> str:
        """What to call them in a message."""
        folder = self.heads.path.parent
        where = (
            "that ship with tiefvision"
            if folder == package_weights.FOLDER
            else f"in {folder}"
        )
        return f"the models {where} ({self.heads.name})"

    @property
    def galleries(self) -> tuple[str, ...]:
        """Only the catalogue: the gallery is that of a workspace's own models."""
        return (CATALOGUE,)

    @property
    def ranker_names(self) -> tuple[str, ...]:
        """The baseline, and DeepRank if it is in the bundle."""
        return (COSINE, DEEPRANK) if DEEPRANK in self.heads.facts else (COSINE,)

    def locator(self, device: torch.device) -> Locator:
        """What finds garments, with the encoder for locating.

        Raises:
            BadWeights: The files are damaged, or do not belong together.
        """
        encoder = self._encoder_beside(LOCATOR)
        with _header_of(self.heads):
            pyramid = self.heads.facts["pyramid"]
            heads = fold_heads(
                self._network(CLASSIFIER, build_classifier, device),
                self._network(REGRESSORS, build_regressors, device),
                encoder.dtype,
            )
            return Locator(
                encoder.to(device),
                Pyramid(tuple(pyramid["long_sides"]), pyramid["border"]),
                heads,
                VotingRules(**self.heads.facts["voting"]),
                TellingRules.from_dict(self.heads.facts["telling"]),
            )

    def encoder(self, device: torch.device) -> DenseEncoder:
        """The encoder for garments.

        Raises:
            BadWeights: It is missing, damaged, or not the one of the heads.
        """
        return self._encoder_beside(SHIPPED).to(device)

    def rankers(self, device: torch.device) -> dict[str, Embed]:
        """The baseline, and DeepRank if it is in the bundle, by name."""
        rankers: dict[str, Embed] = {COSINE: CosineRanker()}
        if DEEPRANK in self.heads.facts:
            rankers[DEEPRANK] = self._network(DEEPRANK, build_deeprank, device)
        return rankers

    def crop_rules(self) -> CropRules:
        """How garments become maps."""
        with _header_of(self.heads):
            return CropRules(**self.heads.facts["crops"])

    def trained_on(self, crops: str) -> bool:
        """Whether it was exported from the workspace whose crops have this digest."""
        return bool(self.heads.facts.get("artifacts", {}).get("crops") == crops)

    def digests(self) -> dict[str, str]:
        """Of the heads, whose header holds the hashes of both encoders."""
        return {BUNDLE: self.digest}

    def _encoder_beside(self, source: str) -> DenseEncoder:
        """The encoder of a role beside the heads, if it is the one they expect."""
        with _header_of(self.heads):
            expected = EncoderIdentity(**self.heads.facts[ROLES[source]])
            architecture = architecture_named(expected.name)
        path = encoder_file(self.heads.path.parent, architecture, source)
        encoder = make_encoder(architecture.name, str(path))
        if not same_encoder(encoder.identity.to_dict(), expected.to_dict()):
            raise BadWeights(
                f"{self.heads.path} was trained over {expected}, but {path} holds "
                f"{encoder.identity}."
            )
        return encoder

    def _network(
        self,
        group: str,
        build: Callable[[Mapping[str, Any]], Module],
        device: torch.device,
    ) -> Module:
        with _header_of(self.heads):
            module = build(self.heads.facts[group])
        prefix = f"{group}."
        state = self.heads.group(prefix)
        return restore_module(module, state, device, str(self.heads.path), prefix)


def read_bundle(folder: Path) -> Bundle:
    """The bundle in a folder; its encoders are read when they are used.

    Raises:
        BadWeights: There is none, or not one that this release reads.
    """
    heads = read_weights_file(folder / HEADS_FILE)
    require_format(heads, HEADS_FORMAT, HEADS_VERSION)
    return Bundle(heads, file_hash(heads.path))


def shipped_bundle() -> Bundle:
    """The models that ship with the package. Raises BadWeights."""
    return read_bundle(package_weights.FOLDER)


@contextmanager
def _header_of(file: WeightsFile) -> Iterator[None]:
    """Around what reads the header of a file: what it lacks is one sentence."""
    try:
        yield
    except (KeyError, TypeError, ValueError, BadUsage) as error:
        raise BadWeights(
            f"The header of {file.path} is damaged ({error!r})."
        ) from error
