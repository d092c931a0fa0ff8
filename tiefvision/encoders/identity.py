"""What tells the feature maps of two encoders apart; known without torch."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

PREPROCESSING = "RGB / 255, ImageNet mean and std, zero border"


@dataclass(frozen=True)
class EncoderIdentity:
    """What two maps must share to be compared.

    Attributes:
        name: The architecture.
        weights: Where the weights came from, for people.
        weights_hash: SHA-256 of the weights.
        preprocessing: What happens to the pixels before the first layer.
    """

    name: str
    weights: str
    weights_hash: str
    preprocessing: str = PREPROCESSING

    def to_dict(self) -> dict[str, str]:
        """As it stands in the header of an artifact."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name}, {self.weights}, {self.weights_hash[:12]}"


def same_encoder(identity: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether maps of two encoders can be mixed.

    Where the weights came from is moot, and so is the number format in which the
    encoder computed: "auto" takes another than float32 only where each cell keeps a
    cosine of 0.999 to it.
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
