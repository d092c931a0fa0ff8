"""``tiefvision serve``: search, label and compare in a browser."""

import secrets
import signal
import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tiefvision.cli.options import (
    DEFAULT_MODELS,
    ModelsOption,
    Options,
    OwnOption,
    load_rankers,
    with_options,
)
from tiefvision.cli.running import say
from tiefvision.errors import BadUsage, MissingArtifact, StaleArtifact
from tiefvision.storage import os_error_text
from tiefvision.web.settings import ServeSettings, is_loopback
from tiefvision.workspace.artifacts import DEFAULT_WORKSPACE, Workspace

DEMO_WORKSPACE = Path("data/demo-run")
"""Workspace of ``make demo``; served where the default one holds nothing."""

PORT = 8765

TOKEN = "TIEFVISION_TOKEN"
"""Environment variable that may hold the token, which a process list does not show."""


@with_options
def serve(
    options: Options,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Any other than this machine's own asks for a "
            "token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")
    ] = PORT,
    token: Annotated[
        str,
        typer.Option(
            envvar=TOKEN,
            help="Secret that every request has to give. Made up if one is needed.",
        ),
    ] = "",
    waiting: Annotated[
        int, typer.Option(min=0, max=1000, help="Searches that may wait for a turn.")
    ] = ServeSettings.most_waiting,
    ranker: OwnOption = None,
    models: ModelsOption = DEFAULT_MODELS,
) -> int:
    """Search, label and compare in a browser, or by a REST interface."""
    options = replace(options, workspace=served_workspace(options.workspace))
    load_rankers(ranker)
    if not token and not is_loopback(host):
        token = secrets.token_urlsafe(18)
    listening = listen(host, port)
    finder = options.finder(models)
    with suppress(MissingArtifact, StaleArtifact):  # the page says what is missing
        options.tell_used(finder.models, finder.indexed)
    _say_address(listening, token)
    from tiefvision.web.app import create_app

    app = create_app(finder, ServeSettings(token=token, most_waiting=waiting))
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="info" if options.verbose else "warning",
        access_log=options.verbose,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    # What ends a container is an end like Ctrl-C, and no failure.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with listening, suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
    options.note("Stopped.")
    return 0


def served_workspace(workspace: Path) -> Path:
    """The workspace to serve: that of the demo where the default one is empty."""
    if workspace != DEFAULT_WORKSPACE:
        return workspace
    has_own = Workspace(workspace).holds("catalogue") or Workspace(workspace).holds(
        "gallery"
    )
    has_demo = Workspace(DEMO_WORKSPACE).holds("gallery")
    return DEMO_WORKSPACE if has_demo and not has_own else workspace


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        BadUsage: The address is none of this machine, or another program has the port.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = os_error_text(error) if isinstance(error, OSError) else str(error)
        raise BadUsage(
            f"Cannot listen on {host}, port {port}: {reason}",
            "Try --port 0, which takes a free one.",
        ) from error


def _say_address(listening: socket.socket, token: str) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    question = f"?token={token}" if token else ""
    say(f"Open http://{shown}:{port}/{question} in a browser. Ctrl-C stops.")
