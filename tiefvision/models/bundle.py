"""Bundles: trained models as three files in a folder, apart from any workspace.

``encoder-<architecture>.safetensors`` is the encoder of garments,
``locator-<architecture>.safetensors`` the encoder of the locator. ``heads.safetensors``
holds the networks that were trained over their feature maps: tensors with the prefixes
"crop_classifier.", "box_regressors." and "deeprank.", and a header with the settings
that the artifacts of the workspace held. The models that ship with the package are a
bundle.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.identity import EncoderIdentity, same_encoder
from tiefvision.encoders.weights_header import (
    WeightsHeader,
    read_weights_header,
    require_format,
)
from tiefvision.engines.protocol import Engine
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

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.encoders.weights_files import WeightsFile
    from tiefvision.locating.garment_layer import GarmentLayer
    from tiefvision.locating.locator import Locator
    from tiefvision.ranking.crops import CropRules
    from tiefvision.ranking.garments import Embed
    from tiefvision.ranking.matching import MatchCalibration


@dataclass(frozen=True)
class Bundle:
    """The trained models of a folder; implements ``Models``.

    Attributes:
        heads: header of ``heads.safetensors``; the encoders lie in the same folder.
        digest: SHA-256 of ``heads.safetensors``.
    """

    heads: WeightsHeader
    digest: str

    @property
    def label(self) -> str:
        """Name of the models in messages."""
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
        """Only the catalogue: the gallery of a workspace needs its own models."""
        return (CATALOGUE,)

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the rankers in the bundle that were trained on triplets."""
        return tuple(
            name
            for name in self.heads.facts
            if name.split("-", 1)[0] in RANKERS
            and ranker_kind(name).learns == "triplets"
        )

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator distinguishes. Raises BadWeights."""
        with _header_of(self.heads):
            return tuple(self.heads.facts[CLASSIFIER]["categories"])

    def locator(self, engine: Engine | None = None) -> "Locator":
        """The locator, with its own encoder.

        Args:
            engine: engine of the networks; None chooses the one for here.

        Raises:
            BadWeights: The files are damaged, or are not of one bundle.
        """
        from tiefvision.locating.findings import TellingRules
        from tiefvision.locating.folded import fold_heads
        from tiefvision.locating.labels import restore_labels
        from tiefvision.locating.locator import Locator
        from tiefvision.locating.pyramid import Pyramid
        from tiefvision.locating.votes import VotingRules

        encoder = self._encoder_beside(LOCATOR, engine)
        with _header_of(self.heads):
            pyramid = self.heads.facts["pyramid"]
            heads = fold_heads(
                self.heads.facts[CLASSIFIER]["categories"],
                self._file.group(f"{CLASSIFIER}."),
                self._file.group(f"{REGRESSORS}."),
                encoder.engine,
                str(self.heads.path),
            )
            labels = restore_labels(
                self.heads.facts.get("labels"),
                self._file.group("labels."),
                encoder.architecture.channels,
                str(self.heads.path),
            )
            return Locator(
                encoder,
                Pyramid(tuple(pyramid["long_sides"]), pyramid["border"]),
                heads,
                VotingRules(**self.heads.facts["voting"]),
                TellingRules.from_dict(self.heads.facts["telling"]),
                labels,
                self._garment_layer(encoder),
            )

    def _garment_layer(self, encoder: "DenseEncoder") -> "GarmentLayer | None":
        """The read-out "garment" in the file of the locator's encoder."""
        from tiefvision.encoders.encoder_file import GARMENT
        from tiefvision.encoders.weights import load_readouts
        from tiefvision.locating.garment_layer import GarmentLayer

        folder, architecture = self.heads.path.parent, encoder.architecture
        path = encoder_file(folder, architecture.name, LOCATOR)
        known = load_readouts(architecture, str(path)).get(GARMENT)
        return GarmentLayer.of(known.arrays()) if known else None

    def encoder(self, engine: Engine | None = None) -> "DenseEncoder":
        """The encoder of garments.

        Args:
            engine: engine of the encoder; None chooses the one for here.

        Raises:
            BadWeights: The file is missing, damaged, or of another bundle.
        """
        return self._encoder_beside(SHIPPED, engine)

    def trained_ranker(self, name: str) -> "Embed":
        """A trained ranker of the bundle. Raises BadWeights."""
        from tiefvision.ranking.restoring import restore_ranker

        prefix, where = f"{name}.", str(self.heads.path)
        weights = self._file.group(prefix)
        with _header_of(self.heads):
            details = self.heads.facts[name]
            return restore_ranker(ranker_kind(name), details, weights, where, prefix)

    def matching(self, name: str) -> "MatchCalibration | None":
        """The calibration of a ranker's similarities. Raises BadWeights."""
        from tiefvision.ranking.matching import MatchCalibration

        with _header_of(self.heads):
            known = self.heads.facts.get("match", {})
            return MatchCalibration.from_dict(known.get(name))

    def crop_rules(self) -> "CropRules":
        """Rules by which a crop becomes a feature map. Raises BadWeights."""
        from tiefvision.ranking.crops import CropRules

        with _header_of(self.heads):
            return CropRules.from_details(self.heads.facts["crops"])

    def trained_on(self, crops: str) -> bool:
        """Whether the bundle was exported from the workspace with these crops.

        Args:
            crops: digest of the artifact "crops".
        """
        return bool(self.heads.facts.get("artifacts", {}).get("crops") == crops)

    def digests(self, rankers: Sequence[str] = ()) -> dict[str, str]:
        """Digest of the heads; their header holds the hashes of both encoders."""
        return {BUNDLE: self.digest}

    def _encoder_beside(
        self, source: str, engine: Engine | None = None
    ) -> "DenseEncoder":
        """Load an encoder of the bundle and check it against the hash in the heads.

        Args:
            source: role of the encoder, a key of ``ROLES``.
            engine: engine of the encoder; None chooses the one for here.

        Raises:
            BadWeights: The encoder is not the one over which the heads were trained.
        """
        from tiefvision.encoders.dense import make_encoder

        with _header_of(self.heads):
            expected = EncoderIdentity(**self.heads.facts[ROLES[source]])
            architecture_named(expected.name)
        path = encoder_file(self.heads.path.parent, expected.name, source)
        encoder = make_encoder(expected.name, str(path), engine=engine)
        if not same_encoder(encoder.identity.to_dict(), expected.to_dict()):
            raise BadWeights(
                f"{self.heads.path} was trained over {expected}, but {path} holds "
                f"{encoder.identity}."
            )
        return encoder

    @cached_property
    def _file(self) -> "WeightsFile":
        """Header and tensors of the heads, read on first access."""
        from tiefvision.encoders.weights_files import read_weights_file

        return read_weights_file(self.heads.path)


def read_bundle(folder: Path) -> Bundle:
    """Open the bundle in a folder; the encoders are read on first use.

    Raises:
        BadWeights: The folder holds no bundle that this release can read.
    """
    heads = read_weights_header(folder / HEADS_FILE)
    require_format(heads, HEADS_FORMAT, HEADS_VERSION)
    return Bundle(heads, file_hash(heads.path))


def shipped_bundle() -> Bundle:
    """The models that ship with the package. Raises BadWeights."""
    return read_bundle(package_weights.FOLDER)


@contextmanager
def _header_of(file: WeightsHeader) -> Iterator[None]:
    """Turn errors from a missing or bad entry of a header into ``BadWeights``."""
    try:
        yield
    except (KeyError, TypeError, ValueError, BadUsage) as error:
        raise BadWeights(
            f"The header of {file.path} is damaged ({error!r})."
        ) from error
