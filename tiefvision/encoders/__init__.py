"""Dense convolutional encoders: a photograph in, a map of encodings out."""
