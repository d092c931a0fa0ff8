"""Training: one loop, its checkpoints, its curves."""
