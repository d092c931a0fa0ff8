"""The web application on loopback: latency of searches, and memory.

The server is a process of its own, started by its command. The same search is timed in
this process without a server, in turns with it: the ratio is what the server costs.
"""

import http.client
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tiefvision.benchmarks.measured import Goal, time_goal
from tiefvision.benchmarks.memory import resident_memory
from tiefvision.benchmarks.serving_catalogue import make_catalogue
from tiefvision.benchmarks.street import write_street_photos
from tiefvision.weights import SHIPPED

if TYPE_CHECKING:
    from tiefvision.finder import Finder

DRAWN = 24
"""Drawn photographs, or those taken from a folder."""

CLIENTS = 4

UPLOAD, AT_ONCE, BOX = "upload", "four clients", "redrawn box"
"""Kinds of requests."""

GOALS = {UPLOAD: 0.120, AT_ONCE: 0.250, BOX: 0.050}
"""Seconds: of the median; for several clients within which 95 of 100 searches end."""

MOST_GROWTH = 1.05
"""Memory after the searches in a row over that before them, to count as flat."""

WAIT = 600.0
"""Seconds to wait for an answer, or for the server."""


@dataclass(frozen=True)
class Task:
    """What is measured.

    Attributes:
        rows: number of rows of the catalogue.
        seconds: time of each measurement.
        searches: number of searches in a row between which memory is compared.
        photos: photographs that are searched with, (550 x 825 are drawn if empty).
        models: models of finder and server; see ``tiefvision.load``.
    """

    rows: int = 10_000
    seconds: float = 20.0
    searches: int = 500
    photos: tuple[Path, ...] = ()
    models: str = SHIPPED


@dataclass(frozen=True)
class Latency:
    """Times of one kind of request in milliseconds.

    Attributes:
        name: kind of request.
        requests: number of requests.
        median: median time.
        p95: time within which 95 of 100 are answered.
        slowest: longest time.
        goal: its goal, and whether it was met.
        steps: mean time of each step in the server.
    """

    name: str
    requests: int
    median: float
    p95: float
    slowest: float
    goal: Goal
    steps: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """The server beside the finder without it.

    Attributes:
        name: what is compared.
        over_finder: median of the ratios of both times, taken in turns.
    """

    name: str
    over_finder: float


@dataclass(frozen=True)
class Memory:
    """Resident memory of the server in MiB, before and after searches in a row.

    Attributes:
        name: what was done.
        searches: number of searches.
        before: memory before them; the server had answered many already.
        after: memory after them.
        is_flat: whether it grew by less than ``MOST_GROWTH``.
    """

    name: str
    searches: int
    before: float
    after: float
    is_flat: bool


Measure = Latency | Comparison | Memory


def measure_serving(task: Task, folder: Path) -> Iterator[Measure]:
    """Make a catalogue, serve it, and time requests.

    Args:
        task: what is measured.
        folder: empty folder.
    """
    from tiefvision.finder import load

    photos = task.photos[:DRAWN] or tuple(write_street_photos(folder, DRAWN))
    contents = [photo.read_bytes() for photo in photos]
    workspace = folder / "run"
    with load(workspace, models=task.models) as finder:
        make_catalogue(finder, folder / "shop", photos, task.rows)
        with _server(workspace, task.models) as (port, process):
            yield from _measure(task, finder, contents, port, process)


def _measure(
    task: Task, finder: "Finder", contents: Sequence[bytes], port: int, process: int
) -> Iterator[Measure]:
    client, fresh = _Client(port), _fresh(contents)
    for _ in range(3):  # networks and index are loaded
        client.search(next(fresh))
        finder.search(next(fresh))
    uploads: list[float] = []
    ratios: list[float] = []
    before = client.steps()
    for _ in _until(task.seconds):
        content = next(fresh)
        uploads.append(_timed(client.search, content))
        ratios.append(uploads[-1] / _timed(finder.search, content))
    yield _latency(UPLOAD, uploads, _steps_between(before, client.steps()))
    yield Comparison(UPLOAD, float(np.median(ratios)))
    yield _latency(AT_ONCE, _at_once(task, contents, port))
    before = client.steps()
    boxes = list(_timed_boxes(task, client, next(fresh)))
    yield _latency(BOX, boxes, _steps_between(before, client.steps()))
    memory = resident_memory(process) / 2**20
    for _ in range(task.searches):
        client.search(next(fresh))
    after = resident_memory(process) / 2**20
    is_flat = after < MOST_GROWTH * memory
    yield Memory("searches in a row", task.searches, memory, after, is_flat)


def _fresh(contents: Sequence[bytes]) -> Iterator[bytes]:
    """Photographs that the server has not seen: what follows one is not looked at."""
    for number in itertools.count():
        yield contents[number % len(contents)] + number.to_bytes(8, "big")


def _until(seconds: float) -> Iterator[int]:
    began = time.monotonic()
    for number in itertools.count():
        if number and time.monotonic() - began >= seconds:
            return
        yield number


def _timed(function: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    function(*given)
    return time.perf_counter() - began


def _at_once(task: Task, contents: Sequence[bytes], port: int) -> list[float]:
    """Times of several clients that search at once, each again and again."""

    def search(number: int) -> list[float]:
        client = _Client(port)
        own = [content + bytes([number]) for content in contents]
        fresh = _fresh(own)
        return [_timed(client.search, next(fresh)) for _ in _until(task.seconds)]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [one for times in pool.map(search, range(CLIENTS)) for one in times]


def _timed_boxes(task: Task, client: "_Client", content: bytes) -> Iterator[float]:
    """Times of searches with boxes of one photograph, as when one is redrawn."""
    told = client.ask("POST", "/api/photos", content)
    width, height = told["width"], told["height"]
    random = np.random.default_rng(0)
    for _ in _until(task.seconds):
        x, y = random.uniform(0, 0.4, 2)
        box = (x * width, y * height, (x + 0.5) * width, (y + 0.5) * height)
        text = ",".join(f"{value:.1f}" for value in box)
        path = f"/api/search?photo={told['photo']}&box={text}"
        yield _timed(client.ask, "GET", path)


def _latency(
    name: str, seconds: Sequence[float], steps: dict[str, float] | None = None
) -> Latency:
    times = 1000 * np.array(seconds)
    median, p95 = float(np.median(times)), float(np.percentile(times, 95))
    judged = p95 if name == AT_ONCE else median
    goal = time_goal(judged / 1000, GOALS[name])
    return Latency(name, len(times), median, p95, float(times.max()), goal, steps or {})


class _Client:
    """Asks a server, each time by a new connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    def search(self, content: bytes) -> Any:
        return self.ask("POST", "/api/search", content)

    def ask(self, method: str, path: str, content: bytes | None = None) -> Any:
        return json.loads(self._read(method, path, content))

    def steps(self) -> dict[str, tuple[float, int]]:
        """Seconds of each step so far, and how often it was done."""
        text = self._read("GET", "/api/metrics").decode()
        pattern = r'^tiefvision_step_seconds_%s{step="(\w+)"} (\S+)$'
        sums = dict(re.findall(pattern % "sum", text, re.MULTILINE))
        counts = dict(re.findall(pattern % "count", text, re.MULTILINE))
        return {step: (float(sums[step]), int(float(counts[step]))) for step in sums}

    def _read(self, method: str, path: str, content: bytes | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WAIT)
        with closing(connection):
            connection.request(method, path, content)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.client.OK:
                raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
            return body


def _steps_between(
    before: dict[str, tuple[float, int]], after: dict[str, tuple[float, int]]
) -> dict[str, float]:
    """Mean milliseconds of the steps that were done between two moments."""
    return {
        step: 1000 * (seconds - before[step][0]) / (count - before[step][1])
        for step, (seconds, count) in after.items()
        if count > before[step][1]
    }


@contextmanager
def _server(workspace: Path, models: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a server."""
    command = ("serve", "--port", "0", "--models", models, "--workspace", workspace)
    with subprocess.Popen(
        [sys.executable, "-m", "tiefvision", *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _port_of(process), process.pid
        finally:
            process.terminate()
            process.communicate()


def _port_of(process: "subprocess.Popen[str]") -> int:
    said = []
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"Open http://[^:]+:(\d+)/", line):
            return int(found[1])
    raise RuntimeError("".join(said))
