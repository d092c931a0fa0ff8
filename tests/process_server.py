"""Forks a process for every request, with the libraries imported already.

A request is a line of JSON with the code to run, the values of names in it and a folder
for what it prints. The answers are two lines: the process id, then the exit code.
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
    for module in stage_modules().values():
        importlib.import_module(module)
    answers = os.dup(1)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = run(json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        os.write(answers, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
