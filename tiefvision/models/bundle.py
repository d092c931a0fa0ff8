"""Bundles: trained models as three files in a folder, apart from any workspace.

Two are encoders, ``encoder-<architecture>.safetensors`` for garments and
``locator-<architecture>.safetensors`` for locating them. The third, named
``heads.safetensors``, holds the networks that were trained over them: the tensors of
each under "crop_classifier.", "box_regressors." and "deeprank.", and in the header what
the artifacts of a workspace say of them. The models that ship with the package are one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.identity import EncoderIdentity, same_encoder
from tiefvision.encoders.weights_header import (
    WeightsHeader,
    read_weights_header,
    require_format,
)
from tiefvision.errors import BadUsage, BadWeights
from tiefvision.locating.heads_file import (
    CLASSIFIER,
    HEADS_FILE,
    HEADS_FORMAT,
    HEADS_VERSION,
    REGRESSORS,
)
from tiefvision.models.protocol import BUNDLE
from tiefvision.ranking.registry import RANKERS, ranker_kind
from tiefvision.weights import LOCATOR, ROLES, SHIPPED, encoder_file
from tiefvision.workspace.artifacts import CATALOGUE
from tiefvision.workspace.provenance import file_hash

if TYPE_CHECKING:  # known without torch, which takes seconds to import
    import torch
    from torch import nn

    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.encoders.weights_files import WeightsFile
    from tiefvision.locating.locator import Locator
    from tiefvision.ranking.crops import CropRules

Module = TypeVar("Module", bound="nn.Module")


@dataclass(frozen=True)
class Bundle:
    """Trained models of a folder: they satisfy ``Models``.

    Attributes:
        heads: Header of the file of heads; the encoders lie beside it.
        digest: SHA-256 of that file.
    """

    heads: WeightsHeader
    digest: str

    @property
    def label(self) -> str:
        """What to call them in a message."""
        folder = self.heads.path.parent
        where = "that ship with tiefvision" if self._ships else f"in {folder}"
        return f"the models {where} ({self.heads.name})"

    @property
    def choice(self) -> str:
        """What ``--models`` takes for them: "shipped", or the folder."""
        return SHIPPED if self._ships else str(self.heads.path.parent)

    @property
    def _ships(self) -> bool:
        return self.heads.path.parent == package_weights.FOLDER

    @property
    def galleries(self) -> tuple[str, ...]:
        """Only the catalogue: the gallery is that of a workspace's own models."""
        return (CATALOGUE,)

    @property
    def trained(self) -> tuple[str, ...]:
        """The trained rankers in the bundle."""
        return tuple(
            name
            for name in self.heads.facts
            if name.split("-", 1)[0] in RANKERS
            and ranker_kind(name).learns == "triplets"
        )

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator can tell. Raises BadWeights."""
        with _header_of(self.heads):
            return tuple(self.heads.facts[CLASSIFIER]["categories"])

    def locator(self, device: "torch.device") -> "Locator":
        """What finds garments, with the encoder for locating.

        Raises:
            BadWeights: The files are damaged, or do not belong together.
        """
        from tiefvision.locating.building import build_classifier, build_regressors
        from tiefvision.locating.findings import TellingRules
        from tiefvision.locating.folded import fold_heads
        from tiefvision.locating.locator import Locator
        from tiefvision.locating.pyramid import Pyramid
        from tiefvision.locating.votes import VotingRules

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

    def encoder(self, device: "torch.device") -> "DenseEncoder":
        """The encoder for garments.

        Raises:
            BadWeights: It is missing, damaged, or not the one of the heads.
        """
        return self._encoder_beside(SHIPPED).to(device)

    def trained_ranker(self, name: str, device: "torch.device") -> "nn.Module":
        """A trained ranker of the bundle. Raises BadWeights."""
        return self._network(name, ranker_kind(name).build, device)

    def crop_rules(self) -> "CropRules":
        """Rules by which a crop becomes a feature map. Raises BadWeights."""
        from tiefvision.ranking.crops import CropRules

        with _header_of(self.heads):
            return CropRules(**self.heads.facts["crops"])

    def trained_on(self, crops: str) -> bool:
        """Whether it was exported from the workspace whose crops have this digest."""
        return bool(self.heads.facts.get("artifacts", {}).get("crops") == crops)

    def digests(self, rankers: Sequence[str] = ()) -> dict[str, str]:
        """Digest of the heads, whose header holds the hashes of both encoders."""
        return {BUNDLE: self.digest}

    def _encoder_beside(self, source: str) -> "DenseEncoder":
        """The encoder of a role beside the heads, if it is the one they expect."""
        from tiefvision.encoders.dense import make_encoder

        with _header_of(self.heads):
            expected = EncoderIdentity(**self.heads.facts[ROLES[source]])
            architecture_named(expected.name)
        path = encoder_file(self.heads.path.parent, expected.name, source)
        encoder = make_encoder(expected.name, str(path))
        if not same_encoder(encoder.identity.to_dict(), expected.to_dict()):
            raise BadWeights(
                f"{self.heads.path} was trained over {expected}, but {path} holds "
                f"{encoder.identity}."
            )
        return encoder

    @cached_property
    def _file(self) -> "WeightsFile":
        """The heads with their tensors, read once."""
        from tiefvision.encoders.weights_files import read_weights_file

        return read_weights_file(self.heads.path)

    def _network(
        self,
        group: str,
        build: Callable[[Mapping[str, Any]], Module],
        device: "torch.device",
    ) -> Module:
        from tiefvision.encoders.weights_files import restore_module

        with _header_of(self.heads):
            module = build(self.heads.facts[group])
        prefix = f"{group}."
        state = self._file.group(prefix)
        return restore_module(module, state, device, str(self.heads.path), prefix)


def read_bundle(folder: Path) -> Bundle:
    """The bundle in a folder; its encoders are read when they are used.

    Raises:
        BadWeights: There is none, or not one that this release reads.
    """
    heads = read_weights_header(folder / HEADS_FILE)
    require_format(heads, HEADS_FORMAT, HEADS_VERSION)
    return Bundle(heads, file_hash(heads.path))


def shipped_bundle() -> Bundle:
    """The models that ship with the package. Raises BadWeights."""
    return read_bundle(package_weights.FOLDER)


@contextmanager
def _header_of(file: WeightsHeader) -> Iterator[None]:
    """Around what reads the header of a file: what it lacks is one sentence."""
    try:
        yield
    except (KeyError, TypeError, ValueError, BadUsage) as error:
        raise BadWeights(
            f"The header of {file.path} is damaged ({error!r})."
        ) from error
