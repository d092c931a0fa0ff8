"""The version of the package, in the one place that may state it."""

__version__ = "0.1.0"
