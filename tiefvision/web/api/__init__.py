"""The REST interface: a router for each subject; answers are JSON."""
