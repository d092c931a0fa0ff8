"""A server's application over the trained workspace, with and without a socket."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

import tiefvision
from tiefvision.web.app import create_app
from tiefvision.web.settings import ServeSettings

Serve = Callable[..., TestClient]
Listen = Callable[..., str]


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


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The address of an application that listens on a free port of this machine."""
    config = uvicorn.Config(app, port=0, log_config=None, server_header=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def listen(run: Path) -> Iterator[Listen]:
    """Makes servers over a copy of the trained workspace; gives their addresses."""
    with ExitStack() as stack:

        def start(workspace: Path = run, **settings: Any) -> str:
            finder = tiefvision.load(workspace, device="cpu")
            app = create_app(finder, ServeSettings(**settings))
            return stack.enter_context(listening(app))

        yield start


@pytest.fixture
def site(listen: Listen) -> str:
    """The address of a server with the default settings."""
    return listen()


@pytest.fixture(scope="module")
def shared_site(
    trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The same for a whole module, whose tests do not change what others see.

    A module that wants it says so by a fixture ``site`` of its own.
    """
    workspace = tmp_path_factory.mktemp("site") / "run"
    finder = tiefvision.load(shutil.copytree(trained, workspace), device="cpu")
    with listening(create_app(finder)) as address:
        yield address
