"""The artifacts of a run: their names, and how each is written and read."""
