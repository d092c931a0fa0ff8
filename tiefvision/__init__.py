"""Find the garment in a street photograph, then find it in the catalogue."""

from tiefvision.version import __version__

__all__ = ["__version__"]
