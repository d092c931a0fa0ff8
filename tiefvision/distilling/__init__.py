"""Training an encoder to see as a stronger one does, and to remember appearance."""
