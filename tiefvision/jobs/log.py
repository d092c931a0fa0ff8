"""The log of a job, as a page or a terminal shows it while it grows."""

import re
from dataclasses import dataclass
from pathlib import Path

from tiefvision.escaping import escaped
from tiefvision.files import open_file
from tiefvision.jobs.folders import LOG, job_folder
from tiefvision.workspace.artifacts import Workspace

MOST_BYTES = 64 * 1024
"""Bytes that one answer reads."""

_TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, moves of the cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[@-_]"
)
"""Sequences that only a terminal obeys (ECMA-48)."""


@dataclass(frozen=True)
class LogPart:
    """A part of a log.

    Attributes:
        lines: Complete lines, without what a terminal obeys. Of a line that was written
            over, such as a bar of progress, the last state.
        last: The line that is being written; "" for none.
        offset: Where the next part begins, in bytes; ``last`` is read again.
        skipped: Whether lines before the first were left out.
    """

    lines: tuple[str, ...]
    last: str
    offset: int
    skipped: bool = False


def read_log(workspace: Workspace, job: str, offset: int | None = None) -> LogPart:
    """What a job has printed since an offset, at most ``MOST_BYTES`` of it.

    Args:
        workspace: Workspace of the job.
        job: Id of the job.
        offset: What the part before returned; None for the last lines. One beyond the
            end is taken for the end.

    Raises:
        BadUsage: The id is none.
        OSError: The log cannot be read; it is empty where there is none.
    """
    file = job_folder(workspace, job) / LOG
    size = file.stat().st_size if file.exists() else 0
    tail = offset is None
    begin = max(0, size - MOST_BYTES) if offset is None else min(max(offset, 0), size)
    content = _read(file, begin) if size else b""
    skipped = tail and begin > 0
    if skipped:  # a part of a line, or of a character
        first = content.find(b"\n") + 1
        begin, content = begin + first, content[first:]
    complete = content.rfind(b"\n") + 1
    if not complete and len(content) == MOST_BYTES:
        # A line that is longer than an answer: a bar, of which the last state counts.
        complete = max(content.rfind(b"\r"), 0) or len(content)
    lines = content[:complete].removesuffix(b"\n").split(b"\n") if complete else []
    return LogPart(
        tuple(map(_shown, lines)),
        _shown(content[complete:]),
        begin + complete,
        skipped,
    )


def _read(file: Path, begin: int) -> bytes:
    with open_file(file) as opened:
        opened.seek(begin)
        return opened.read(MOST_BYTES)


def _shown(line: bytes) -> str:
    """A line as it looks at last: after each return it was written anew."""
    text = _TERMINAL.sub("", line.decode(errors="replace"))
    states = [state for state in text.split("\r") if state.strip()]
    return escaped(states[-1].replace("\t", "    ").rstrip()) if states else ""
