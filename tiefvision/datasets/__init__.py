"""Datasets on disk: layout, checks, splits, importers and a synthetic one."""
