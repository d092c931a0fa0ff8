"""Training of the locator: from artifacts, or together with its encoder."""
