"""Artifacts, the files between stages: LMDB files with a readable header."""
