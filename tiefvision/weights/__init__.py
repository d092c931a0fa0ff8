"""The models that ship with the package: their files, described in MODEL_CARD.md.

``tiefvision.encoders.weights`` reads the encoders, ``tiefvision.models.bundle`` the
heads that were trained over them.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Folder of the files."""

SHIPPED = "shipped"
LOCATOR = "locator"

ROLES = {SHIPPED: "encoder", LOCATOR: "locator"}
"""The two encoders of a folder of models, by the source that names the package's: one
for garments, and one tuned for locating them, which forgets what they look like. The
names of their files, and the header of the heads, use these words."""


def encoder_file(folder: Path, architecture: str, source: str = SHIPPED) -> Path:
    """Where the weights of an encoder lie in a folder of models.

    Args:
        folder: Folder of the models.
        architecture: Name of the architecture.
        source: A key of ``ROLES``.
    """
    # A colon, as in "timm:resnet50", is not for every disk.
    return folder / f"{ROLES[source]}-{architecture.replace(':', '-')}.safetensors"
