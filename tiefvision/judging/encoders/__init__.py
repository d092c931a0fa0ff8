"""What an encoder is worth."""
