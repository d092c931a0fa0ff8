"""Visual words: local descriptors, and the codebook that quantises them."""
