"""Who waits for the networks: a queue that ends, and clients that go away."""

import logging
import time
from pathlib import Path
from threading import Event

import pytest
from starlette.testclient import TestClient

import tiefvision
from tests.web.conftest import listening
from tests.web.sockets import ask, connect
from tiefvision.web.app import create_app
from tiefvision.web.worker import Worker

SEARCH = "/api/search?photo=sample-0&whole=1"


def block(worker: Worker, waiting: int) -> Event:
    """Let the thread of the networks do nothing, and fill the queue before it.

    Returns:
        What ends that.
    """
    worker.do(int)  # after the networks were loaded
    end = Event()
    for _ in range(waiting + 1):
        worker.submit(end.wait)
    return end


def wait_for(worker: Worker, inside: int) -> None:
    """Wait until so many run or wait."""
    while worker.inside != inside:
        time.sleep(0.01)


def test_a_full_queue_is_told_and_answers_again_later(serve) -> None:
    client: TestClient = serve(most_waiting=2)
    end = block(client.app.state.services.worker, 2)
    try:
        answer = client.get(SEARCH)
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["fix"] == "Try again in a second."
        assert client.get("/search").status_code == 200  # nothing is searched
        page = client.get(SEARCH.removeprefix("/api"), headers={"accept": "text/html"})
        assert page.status_code == 429
        assert "Too many searches wait already." in page.text
        assert client.get("/api/health").json() == {"status": "ok", "waiting": 3}
    finally:
        end.set()
    wait_for(client.app.state.services.worker, 0)
    assert client.get(SEARCH).status_code == 200


def test_a_client_that_goes_away_leaves_nothing_behind(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(tiefvision.load(run, device="cpu"))
    worker = app.state.services.worker
    with listening(app) as address:
        end = block(worker, 0)
        request = f"GET {SEARCH} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with connect(address) as connection:
            connection.sendall(request.encode())
            wait_for(worker, 2)
        end.set()
        wait_for(worker, 0)
        assert ask(address, SEARCH.encode()) == 200
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
