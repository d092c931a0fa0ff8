"""The comparison of rankers, and what a locator or an encoder is worth."""
