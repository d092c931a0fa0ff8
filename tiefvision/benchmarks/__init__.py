"""Benchmarks: speed of the pipeline against the machine's limits and other programs."""
