"""Distillation: training an encoder to predict a stronger one's feature maps."""
