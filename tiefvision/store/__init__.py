"""Artifacts between stages: LMDB files with a readable header."""
