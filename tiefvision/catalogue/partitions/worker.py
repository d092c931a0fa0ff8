"""A worker: loads the networks once, then describes the partitions that it is given.

``python -m tiefvision.catalogue.partitions.worker`` reads a `Setup` and then partitions
from standard input, a JSON object a line, and answers each partition with a line: {} if
the shard is finished, else the error.
"""

import json
import os
import platform
import signal
import sys
import threading
from _thread import interrupt_main
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO

from tiefvision.catalogue.choosing import located_describer
from tiefvision.catalogue.describing import Describer
from tiefvision.catalogue.living.changing import key_of_models
from tiefvision.catalogue.partitions.partition import Partition
from tiefvision.catalogue.partitions.setup import Answer, Setup, answer_of
from tiefvision.catalogue.partitions.shards import make_shard
from tiefvision.errors import StaleArtifact, TiefVisionError, reason_of
from tiefvision.models.choice import choose_models
from tiefvision.workspace.artifacts import Workspace


class Describing:
    """Describes partitions with networks that are loaded once.

    Args:
        setup: what the worker needs to know.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    @cached_property
    def _describer(self) -> Describer:
        """The describer.

        Raises:
            StaleArtifact: The models here are not those for which work was given out.
            BadWeights, MissingArtifact: They cannot be loaded.
        """
        setup = self._setup
        models = choose_models(Workspace(Path(setup.workspace)), setup.models)
        engine = setup.backend.inference
        encoder = models.encoder(engine)
        if key_of_models(models, encoder) != setup.key:
            raise StaleArtifact(
                f"On {platform.node()}, {models.label} are others than those for which "
                "photographs are described.",
                "Install the same release, and give all machines the same models.",
            )
        return located_describer(models.locator(engine), encoder, models.crop_rules())

    def answer(self, partition: Partition, folder: Path) -> Answer:
        """Make the shard of a partition; no error is raised.

        Args:
            partition: the partition.
            folder: folder of the shard.
        """
        try:
            describer = replace(self._describer, needs=partition.needs)
            make_shard(describer, partition, folder, self._setup.max_gib)
        except TiefVisionError as error:
            return answer_of(error)
        except Exception as error:
            paths = ", ".join(getattr(error, "__notes__", ["A partition"]))
            reason = f"{type(error).__name__}, {reason_of(error)}"
            message = f"{paths} cannot be described: {reason}."
            return {"kind": "", "message": message, "fix": ""}
        return {}


def main() -> None:
    """Serve until standard input ends; work that is under way then stops at once."""
    # Whoever started this process ends it; Ctrl-C is not for it to notice.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    requests: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_read, args=(requests, busy), daemon=True).start()
    with suppress(KeyboardInterrupt, BrokenPipeError):
        _serve(requests, busy, answers)


def _serve(
    requests: "SimpleQueue[dict[str, Any] | None]",
    busy: threading.Event,
    answers: TextIO,
) -> None:
    setup = requests.get()
    if setup is None:
        return
    describing = Describing(Setup.from_record(setup["setup"]))
    while (request := requests.get()) is not None:
        busy.set()
        partition = Partition.from_record(request["partition"])
        answer = describing.answer(partition, Path(setup["folder"]))
        busy.clear()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(
    requests: "SimpleQueue[dict[str, Any] | None]", busy: threading.Event
) -> None:
    """Hand on what is read. When the other process is gone nobody waits for results."""
    for line in sys.stdin:
        requests.put(json.loads(line))
    requests.put(None)
    if busy.is_set():
        interrupt_main()


if __name__ == "__main__":
    main()
