"""A server's application over the trained workspace, asked without a socket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tiefvision
from tiefvision.web.app import create_app
from tiefvision.web.settings import ServeSettings

Serve = Callable[..., TestClient]


@pytest.fixture
def serve(run: Path) -> Iterator[Serve]:
    """Makes clients of applications over a copy of the trained workspace.

    Whatever goes wrong inside becomes an answer, as it does for a user.
    """
    with ExitStack() as stack:

        def make(workspace: Path = run, **settings: Any) -> TestClient:
            finder = tiefvision.load(workspace, device="cpu")
            app = create_app(finder, ServeSettings(**settings))
            client = TestClient(
                app, base_url="http://localhost", raise_server_exceptions=False
            )
            return stack.enter_context(client)

        yield make


@pytest.fixture
def client(serve: Serve) -> TestClient:
    """A client of an application with the default settings."""
    return serve()


@pytest.fixture
def uploaded(client: TestClient, street: Path) -> str:
    """The reference of an uploaded street photograph."""
    answer = client.post("/api/photos", content=street.read_bytes())
    assert answer.status_code == 200, answer.text
    return str(answer.json()["photo"])
