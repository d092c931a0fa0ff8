"""Datasets on disk: their layout, checks, splits and importers."""
