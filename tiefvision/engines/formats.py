"""The choice of a number format, by timing the formats once on a machine.

bfloat16 keeps 8 significant bits. Processors with instructions for it may run a network
in half the time, or slower: on a Xeon with ``avx512_bf16`` AlexNet takes 46 ms instead
of 24. So formats are timed for some milliseconds when a network is first used, and the
faster one is remembered with the names of processor, engine and network.
"""

import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from tiefvision.engines.folding import Arrays
from tiefvision.engines.layers import Layer
from tiefvision.engines.protocol import FORMATS, Engine, Format, Run
from tiefvision.errors import BadUsage
from tiefvision.files import replace_text
from tiefvision.machine import processor_name

logger = logging.getLogger(__name__)

Precision = Literal["auto", "float32", "bfloat16"]
"""Settings of the number format: "auto", or a format."""

AUTO: Precision = "auto"
"""The default setting: the format that is fastest here, of those a network bears."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

TIMED_SIZE = (224, 352)
"""Height and width in pixels at which formats are timed."""

ROUNDS = 5
"""Runs of each format, in turns; the fastest counts."""

CACHE_VARIABLE = "TIEFVISION_CACHE"
"""Environment variable that names the folder of what is remembered of a machine."""


def check_precision(name: str) -> Precision:
    """The setting with this name.

    Raises:
        BadUsage: There is no such setting.
    """
    for precision in PRECISIONS:
        if name == precision:
            return precision
    known = ", ".join(PRECISIONS)
    raise BadUsage(f"There is no precision called {name!r}.", f"Use {known}.")


def fastest_format(
    engine: Engine, network: str, layers: Sequence[Layer], weights: Arrays
) -> Format:
    """The format in which an engine runs a network fastest on this machine.

    Args:
        engine: engine of the network.
        network: name of the network, under which the answer is remembered.
        layers: layers of the network, which reads three channels.
        weights: weights by name.
    """
    able = engine.formats()
    if len(able) == 1:
        return able[0]
    key = f"{network} / {engine.name} / {processor_name()}"
    known = remembered_formats()
    if known.get(key) not in FORMATS:
        known[key] = _timed(engine, layers, weights, able)
        logger.info("%s: %s is fastest", key, known[key])
        remember_formats(known)
    chosen = known[key]
    return next(one for one in FORMATS if one == chosen)


def _timed(
    engine: Engine, layers: Sequence[Layer], weights: Arrays, able: Sequence[Format]
) -> str:
    runs: dict[str, Run] = {
        one: engine.compile(layers, weights, 3, number_format=one) for one in able
    }
    drawn = np.random.default_rng(0).standard_normal((1, 3, *TIMED_SIZE))
    pixels = drawn.astype(np.float32)
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.perf_counter()
            run(pixels)
            best[name] = min(best[name], time.perf_counter() - start)
    return min(best, key=best.__getitem__)


def cache_folder() -> Path:
    """Folder of what is remembered of this machine."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tiefvision"


def remembered_formats() -> dict[str, str]:
    """The formats chosen here so far, by what was timed; {} if none can be read."""
    try:
        read = json.loads((cache_folder() / "formats.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def remember_formats(known: dict[str, str]) -> None:
    """Write the formats; a folder that refuses is no error."""
    file = cache_folder() / "formats.json"
    try:
        replace_text(file, json.dumps(known, indent=1, sort_keys=True))
    except OSError as error:
        logger.info("the fastest formats cannot be remembered: %s", error)
