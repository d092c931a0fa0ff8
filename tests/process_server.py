"""Forks a process for every request, with the libraries imported already.

A request is a line of JSON. With the code to run, the values of names in it and a
folder for what it prints, it starts a process, and the answer is its id. With the id of
a process and whether to wait for its end, the answer is its exit code; an empty line if
it has not ended.
"""

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from stages.runner import stage_modules


def run(request: dict[str, Any]) -> int:
    """What the new process does."""
    for number, name in ((1, "out"), (2, "err")):
        path = Path(request["folder"]) / name
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644), number)
    try:
        exec(request["code"], {"__name__": "__main__", **request["values"]})
    except SystemExit as stop:
        return int(stop.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    for module in (*stage_modules().values(), "tiefvision.catalogue.living.catalogue"):
        importlib.import_module(module)
    answers, codes = os.dup(1), {}
    for line in sys.stdin:
        request = json.loads(line)
        answer = start(request) if "code" in request else code_of(codes, **request)
        os.write(answers, f"{answer}\n".encode())


def start(request: dict[str, Any]) -> int:
    """Start a process; its id."""
    child = os.fork()
    if child == 0:
        code = run(request)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return child


def code_of(codes: dict[int, int], pid: int, wait: bool) -> int | str:
    """Exit code of a process, which ``codes`` keeps; "" if it has not ended."""
    if pid not in codes:
        ended, status = os.waitpid(pid, 0 if wait else os.WNOHANG)
        if ended:
            codes[pid] = os.waitstatus_to_exitcode(status)
    return codes.get(pid, "")


if __name__ == "__main__":
    main()
