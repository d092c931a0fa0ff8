"""The models that ship with the package: files alone, described in MODEL_CARD.md.

``tiefvision.encoders.weights`` reads the encoders, ``tiefvision.models.bundle`` the
heads that were trained over them.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the files lie."""
