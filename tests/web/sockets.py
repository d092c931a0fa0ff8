"""Requests as bytes on a socket, also such as no library would send."""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

WAIT = 120.0
"""Seconds after which an answer counts as missing, on a machine that may be busy."""


def connect(address: str) -> socket.socket:
    """A connection to a server."""
    place = urlsplit(address)
    return socket.create_connection((place.hostname, place.port), timeout=WAIT)


def exchange(address: str, sent: bytes, breaks_off: bool = False) -> bytes:
    """All that a server answers to bytes, until it closes the connection.

    Args:
        address: address of the server.
        sent: bytes to send.
        breaks_off: whether to tell it that nothing more comes.
    """
    parts = []
    with connect(address) as connection, suppress(OSError):
        # It may close before it has read all, which throws the rest away.
        connection.sendall(sent)
        if breaks_off:
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def ask(address: str, target: bytes, method: bytes = b"GET", *lines: bytes) -> int:
    """The status of the answer to a request without a body."""
    head = b"%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    request = head % (method, target) + b"".join(line + b"\r\n" for line in lines)
    return status_of(exchange(address, request + b"\r\n"))


def status_of(answer: bytes) -> int:
    """The status of an answer; 0 where the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
