"""Prometheus metrics: requests, and the latency of each step of a search."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

STEPS = ("decode", "locate", "embed", "search")
"""Steps of a search, in their order."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets of latencies in seconds."""


class Metrics:
    """The metrics of one application.

    Args:
        waiting: number of requests that run or wait for the networks, now.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._steps = Histogram(
            "tiefvision_step_seconds",
            "Time of a step of a search.",
            ["step"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._requests = Counter(
            "tiefvision_requests",
            "Answered requests.",
            ["route", "status"],
            registry=self._registry,
        )
        gauge = Gauge(
            "tiefvision_waiting",
            "Requests that run or wait for the networks.",
            registry=self._registry,
        )
        gauge.set_function(waiting)
        for step in STEPS:
            self._steps.labels(step)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Take the time of a step, one of ``STEPS``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._steps.labels(step).observe(time.perf_counter() - started)

    def count(self, route: str, status: int) -> None:
        """Count an answered request by the pattern of its route."""
        self._requests.labels(route, str(status)).inc()

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
