"""Training of a locator together with its encoder, and from artifacts of stage 2."""
