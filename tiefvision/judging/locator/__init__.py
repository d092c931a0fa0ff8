"""What a locator is worth."""
