"""The format of encoder files, and the hash of the trunk in one; without torch."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from tiefvision.encoders.identity import hash_arrays
from tiefvision.encoders.weights_header import not_safetensors

ENCODER_FORMAT = "tiefvision-encoder"
ENCODER_VERSION = 1
"""Version of the format; files of another version are refused."""

MEANING, APPEARANCE, GARMENT = "meaning", "appearance", "garment"
READOUTS = (MEANING, APPEARANCE, GARMENT)
"""Names of the read-outs: linear layers over means of an encoder's cells. "meaning"
brings photographs of one class close together, "appearance" those of one look; the
cosine of the map itself is a compromise between both. "garment" tells of a single cell
of unit length whether it shows a garment, as log-odds."""


def encoder_file_hash(path: Path) -> str:
    """The hash of the trunk in an encoder file, equal to its ``weights_hash``.

    Raises:
        BadWeights: The file is truncated or no safetensors file.
    """
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise not_safetensors(path, error) from error
    beside = tuple(f"{name}." for name in READOUTS)
    return hash_arrays(
        {
            name: array.astype("float32")
            for name, array in tensors.items()
            if not name.startswith(beside)
        }
    )
