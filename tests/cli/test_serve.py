"""``tiefvision serve`` as a process: its address, its end, and what it refuses."""

import json
import os
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import TIEFVISION, Processes, Running


def serve(
    processes: Processes, workspace: Path, *arguments: str
) -> tuple[Running, str]:
    """A server that listens, and the address that it printed."""
    given = ["serve", "--port", "0", "--workspace", str(workspace), *arguments]
    running = processes.start(TIEFVISION, arguments=given)
    while not (found := re.search(r"Open (\S+) in a browser", running.said())):
        assert running.is_alive(), running.said()
        time.sleep(0.05)
    return running, found[1]


def get(address: str) -> int:
    """The status of an answer; waits until the server listens."""
    try:
        with urllib.request.urlopen(address, timeout=120) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(
    processes: Processes, run: Path, sent: signal.Signals
) -> None:
    running, address = serve(processes, run)
    assert get(f"{address}api/health") == 200
    os.kill(running.pid, sent)
    done = running.wait()
    assert done.code == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == "Stopped."


def test_others_need_a_token_which_is_made_up(processes: Processes, run: Path) -> None:
    running, address = serve(processes, run, "--host", "0.0.0.0")
    token = re.fullmatch(r"http://0\.0\.0\.0:\d+/\?token=(\S{20,})", address)
    assert token, address
    address = address.split("?")[0].replace("0.0.0.0", "127.0.0.1")
    assert get(f"{address}api/version") == 401
    asked = urllib.request.Request(f"{address}api/version")
    asked.add_header("Authorization", f"Bearer {token[1]}")
    with urllib.request.urlopen(asked, timeout=120) as answer:
        assert json.load(answer)["catalogue"]["photos"] > 0
    running.interrupt()
    assert running.wait().code == 0


def test_a_port_that_is_taken_is_told(processes: Processes, run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = processes.command("serve", "--port", port, "--workspace", run)
    assert done.code == 2
    assert f"Cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["no.such.name.invalid", "203.0.113.7", "\x01"])
def test_an_address_that_is_not_ours_is_told(
    processes: Processes, run: Path, host: str
) -> None:
    done = processes.command("serve", "--host", host, "--port", 0, "--workspace", run)
    assert done.code == 2
    assert "Cannot listen on" in done.stderr
    assert "Traceback" not in done.stderr
