"""The rows of a catalogue with their vectors, written for other stores."""
