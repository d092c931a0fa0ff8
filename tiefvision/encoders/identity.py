"""The identity of an encoder, which decides whether feature maps can be compared."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tiefvision.encoders.preprocessing import IMAGENET

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class EncoderIdentity:
    """The identity of an encoder.

    Attributes:
        name: name of the architecture.
        weights: name of the weights, for messages only.
        weights_hash: SHA-256 of the weights, as ``hash_arrays`` computes it.
        preprocessing: preprocessing of the pixels before the first layer.
    """

    name: str
    weights: str
    weights_hash: str
    preprocessing: str = IMAGENET.name

    def to_dict(self) -> dict[str, str]:
        """The identity as an entry of an artifact's header."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name}, {self.weights}, {self.weights_hash[:12]}"


def same_encoder(identity: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether the feature maps of two encoders can be compared.

    Architecture, weights and preprocessing must be equal. The name of the weights does
    not matter. Nor does the number format: "auto" chooses another than float32 only if
    each cell keeps a cosine of at least 0.999 to its value in float32.
    """
    decisive = ("name", "weights_hash", "preprocessing")
    return all(identity[key] == other[key] for key in decisive)


def hash_arrays(arrays: "Mapping[str, NDArray[Any]]") -> str:
    """SHA-256 over names, shapes and values, as float32, of weights by name."""
    import numpy as np

    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        values = np.ascontiguousarray(array, dtype=np.float32)
        digest.update(f"{name}{tuple(values.shape)}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
