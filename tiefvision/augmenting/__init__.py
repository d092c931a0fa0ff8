"""Augmentation: random views, colours, perspective and scenes of photographs."""
