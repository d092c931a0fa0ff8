"""A run on disk: which artifact each stage writes, and how to read them back."""
