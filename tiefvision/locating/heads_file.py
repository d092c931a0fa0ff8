"""The file that holds the trained heads of a bundle: its name, format and parts."""

HEADS_FILE = "heads.safetensors"
HEADS_FORMAT = "tiefvision-heads"
HEADS_VERSION = 6
"""Version of the layout of the heads' file; another version is refused."""

CLASSIFIER = "crop_classifier"
REGRESSORS = "box_regressors"
"""Prefixes of the tensors of both networks, and their keys in the header."""
