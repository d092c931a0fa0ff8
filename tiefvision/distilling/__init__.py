"""Training encoders: to see as a stronger one does, or, with its heads, to locate."""
