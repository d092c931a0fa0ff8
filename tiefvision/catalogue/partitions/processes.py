"""Workers that are processes on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

from tiefvision.catalogue.partitions.partition import Partition
from tiefvision.catalogue.partitions.running import WorkerDied
from tiefvision.catalogue.partitions.setup import Setup, error_of
from tiefvision.catalogue.partitions.shards import shard_path

COMMAND = (sys.executable, "-m", "tiefvision.catalogue.partitions.worker")


class ProcessWorker:
    """A process that shares nothing with this one, and ends when this one does.

    Args:
        setup: what the worker needs to know.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[str] | None = None
        self._closed, self._changing = False, Lock()

    def ready(self) -> bool:
        """Whether it is not closed; a process is started with the first partition."""
        return not self._closed

    def make(self, partition: Partition, folder: Path) -> Path:
        """Make a shard; see ``Worker.make``."""
        process = self._running(folder)
        try:
            _send(process, {"partition": partition.to_record()})
            assert process.stdout is not None
            line = process.stdout.readline()
        except (OSError, ValueError):  # its pipes may be closed
            line = ""
        if not line.endswith("\n"):
            self._end()
            raise WorkerDied
        answer = json.loads(line)
        if answer:
            raise error_of(answer)
        return shard_path(folder, partition)

    def close(self) -> None:
        """End the process; a partition that is under way can be gone on with."""
        with self._changing:
            self._closed = True
        self._end()

    def _running(self, folder: Path) -> "subprocess.Popen[str]":
        with self._changing:
            if self._closed:
                raise WorkerDied
            if self._process is None:
                self._process = _start(self._setup.backend.threads)
                setup = {"setup": self._setup.to_record(), "folder": str(folder)}
                _send(self._process, setup)
            return self._process

    def _end(self) -> None:
        with self._changing:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            # Nobody waits at its pipes any more.
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _start(threads: int) -> "subprocess.Popen[str]":
    """Start a process that Ctrl-C does not reach: whoever started it ends it."""
    return subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Read when the numerical libraries are loaded.
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        start_new_session=True,
    )


def _send(process: "subprocess.Popen[str]", message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
