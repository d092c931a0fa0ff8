"""Dense convolutional encoders: from photographs to feature maps."""
