"""Memory of a process."""

import resource
from pathlib import Path


def resident_memory(process: int | str = "self") -> int:
    """Resident memory of a process in bytes; this one's peak where that is not told.

    Args:
        process: its id; "self" for this one.
    """
    facts = Path(f"/proc/{process}/statm")
    if facts.is_file():
        return int(facts.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
