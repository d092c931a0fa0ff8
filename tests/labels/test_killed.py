"""Processes that are killed right after a save: what was confirmed is found.

``TIEFVISION_KILLS=1000`` makes the test run long.
"""

import json
import os
import random
import time

from tests.labels.made import SKIRT
from tiefvision.labels.store import LabelStore

KILLS = int(os.environ.get("TIEFVISION_KILLS", "30"))
MOST_SAVES = 8  # lines that are waited for
LATEST = 0.01  # seconds after them

SAVE = """
import json, os
from pathlib import Path
from tests.labels.made import SKIRT, judgement, label
from tiefvision.labels.store import LabelStore

def tell(*what):
    os.write(1, (json.dumps(what) + "\\n").encode())

store = LabelStore(Path(path))
for step in range(10_000):
    name = f"{seed}-{step}.jpg"
    tell("boxes", name, store.save_boxes(label(name, SKIRT)).number)
    saved = store.save_judgement(judgement(name, "a.jpg", "b.jpg"))
    tell("triplet", name, saved.number)
    if step % 2:
        store.take_back("triplet", saved.number)
        tell("taken back", name, saved.number)
"""


def killed(processes, path, seed, draw):
    """Lines that a process had confirmed when it was killed."""
    process = processes.start(SAVE, path=path, seed=seed)
    saves = draw.randint(1, MOST_SAVES)
    while process.printed().count("\n") < saves:
        assert process.is_alive(), process.wait().stderr
        time.sleep(0.001)
    time.sleep(draw.uniform(0, LATEST))
    outcome = process.kill()
    assert outcome.code == -9, outcome.stderr
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_every_confirmed_save_is_found(processes, tmp_path):
    path, draw = tmp_path / "run" / "labels.sqlite", random.Random(3)
    store = LabelStore(path)
    boxes, judged, gone = {}, {}, set()
    for seed in range(KILLS):
        lines = killed(processes, path, seed, draw)
        for kind, name, number in lines:
            if kind == "boxes":
                boxes[number] = name
            elif kind == "triplet":
                judged[number] = name
            else:
                del judged[number]
                gone.add(number)
        kind, _, number = lines[-1]
        if kind == "triplet":
            del judged[number]  # may have been taken back, and that not told
        labels = store.labels()
        found = {one.number: one.photo.photo.path for one in labels}
        assert boxes.items() <= found.items()
        assert all(one.garments == (SKIRT,) for one in labels)
        kept = {one.number: one.reference.photo.path for one in store.judgements()}
        assert judged.items() <= kept.items()
        assert not gone & kept.keys()
    assert len(boxes) >= KILLS
    assert judged
    assert gone
