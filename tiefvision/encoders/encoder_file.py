"""The file of an encoder: its format, and the check that it is whole; without torch."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from tiefvision.encoders.identity import hash_arrays
from tiefvision.encoders.weights_header import not_safetensors

ENCODER_FORMAT = "tiefvision-encoder"
ENCODER_VERSION = 1
"""Version of the layout of an encoder file; another one is refused."""

READOUTS = ("meaning", "appearance")
"""Linear layers over an encoder's cells that bring out one of the two things in them.
The map's own cosine is a compromise: a red coat and a red dress, or two dresses."""


def encoder_file_hash(path: Path) -> str:
    """The hash of the trunk in an encoder file, as ``EncoderIdentity`` has it.

    Raises:
        BadWeights: The file is truncated or is something else.
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
