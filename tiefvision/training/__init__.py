"""Training: the training loop, its checkpoints and its learning curves."""
