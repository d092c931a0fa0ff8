"""Running convolutional networks: their layers as data, and what computes them."""
