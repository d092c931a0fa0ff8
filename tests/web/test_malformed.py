"""Requests that no page and no library would send: an answer, never a defect."""

import importlib
import logging
import pkgutil
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.sockets import ask, connect, exchange, status_of
from tiefvision.web import api, pages

DEFECT = 500

QUERIES = [
    b"photo=%00",
    b"photo=",
    b"photo=sample-0&photo=&photo=..",
    b"photo[]=sample-0",
    b"&".join([b"photo=sample-0"] * 1000),
    b"photo=sample-0&box=NaN,1,2,3",
    b"photo=sample-0&box=1e999,1,2,3",
    b"photo=sample-0&box=-999999,-999999,999999,999999",
    b"photo=sample-0&box=0,0,0,0",
    b"photo=sample-0&box=1,1,1.000001,1.000001",
    b"photo=sample-0&box=" + b"9" * 5000 + b",1,2,3",
    b"photo=sample-0&k=99999999999999999999999999",
    b"photo=sample-0&k=-1",
    b"photo=sample-0&k=1e3",
    b"photo=sample-0&k=1&k=2",
    b"photo=sample-0&k=%D9%A3",  # a digit, though not of ASCII
    b"photo=sample-0&whole=maybe",
    b"photo=sample-0&whole=1&category=%ED%A0%80",
    b"photo=sample-0&whole=1&ranker=%0d%0aSet-Cookie:x=y",
    b"photo=sample-0&whole=1&where=" + b"(" * 900,
    b"photo=sample-0&whole=1&where=" + b"not%20" * 160 + b"1",
    b"photo=sample-0&whole=1&where=item%20==%20'%F0%9F%98%80'",
    b"photo=sample-0&whole=1&where=__import__('os').getpid()",
    b"photo=sample-0&whole=1&where=item%20==%20" + b"9" * 900,
    b"photo=sample-0&whole=1&where=item%20<%201e999",
    b"photo=sample-0&whole=1&where=item**9**9**9%20>%201",
    b"height=0",
    b"height=99999999999999999999",
    b"height=1.5",
    b"a=" + b"b" * 50_000,
    b"%",
    b"%zz=%f",
    b"\xff\xfe=\x80",
    b"&&&===&",
    b"token=%00&token=x",
]

TARGETS = [
    b"//",
    b"/%00",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/static/",
    b"/static/%00",
    b"/static/..%2fapp.py",
    b"/static/../app.py",
    b"/static//etc/passwd",
    b"/static/" + b"x" * 5000,
    b"/static/%ff%fe",
    b"/pictures/..%2f..%2fphotos.lmdb",
    b"/pictures/row-999999999999999999999999999999",
    b"/pictures/sample-" + b"9" * 64,
    b"/pictures/upload-%00",
    b"/reports/..%2fphotos.lmdb",
    b"/reports/%00",
    b"/reports/" + b"x" * 199,
    b"/api/photos/row-" + b"f" * 64,
    b"/api/photos/%E2%80%AE",
    b"http://localhost/search",
    b"http://[::1/search",
    b"*",
    b"search",
]

GARBAGE = [
    b"",
    b"\r\n\r\n",
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,  # TLS
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # without a host
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
    b"POST /api/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"POST /api/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/photos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999"
    b"9999999999999999999\r\n\r\n",
    b"POST /api/photos HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"\r\nzz\r\nabc\r\n",
    b"POST /api/photos HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n5\r\nab",
]


@pytest.fixture(scope="module")
def site(shared_site: str) -> str:
    return shared_site


@pytest.fixture(autouse=True)
def no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged as an error, by the application or by the server."""
    yield
    errors = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert [one.getMessage() for one in errors] == []


def paths() -> list[str]:
    """Every path that can be read, with names filled in."""
    routes = [
        (prefix, route)
        for package, prefix in ((pages, ""), (api, "/api"))
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for route in importlib.import_module(info.name).router.routes
    ]
    return sorted(
        {
            prefix + re.sub(r"\{[^}]*\}", "sample-0", route.path)
            for prefix, route in routes
            if "GET" in route.methods
        }
    )


def test_every_path_is_tried() -> None:
    assert {"/", "/search", "/pictures/sample-0", "/api/search"} <= set(paths())


@pytest.mark.parametrize("path", paths())
def test_odd_queries(site: str, path: str) -> None:
    for query in QUERIES:
        status = ask(site, path.encode() + b"?" + query)
        assert 200 <= status < DEFECT, (query[:80], status)


def test_odd_targets(site: str) -> None:
    for target in TARGETS:
        status = ask(site, target)
        assert 200 <= status < DEFECT, (target[:80], status)
        assert status != 200 or b"search" in target or target == b"//", target


@pytest.mark.parametrize(
    "method", [b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"HEAD", b"TRACE", b"CONNECT"]
)
def test_methods_that_nothing_has(site: str, method: bytes) -> None:
    for path in paths():
        status = ask(site, path.encode(), method)
        assert 200 <= status < DEFECT, path


def test_odd_headers(site: str) -> None:
    for line in (
        b"Cookie: tiefvision-token=\xff\xfe; =; ;;",
        b"Cookie: " + b"a=b; " * 2000,
        b"Authorization: Bearer \xff\xfe",
        b"Origin: http://[",
        b"Origin: \xff",
        b"Accept: \x80",
        b"If-None-Match: \x80",
        b"Range: bytes=9-1,-,5-",
        b"If-Modified-Since: never",
        b"Content-Type: multipart/form-data",
        b"X-Forwarded-For: \xff",
    ):
        for target in (b"/search", b"/static/app.css", b"/pictures/sample-0"):
            for method in (b"GET", b"POST"):
                status = ask(site, target, method, line)
                assert 200 <= status < DEFECT, (method, target, line[:60])


@pytest.mark.parametrize("sent", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_request(site: str, sent: bytes) -> None:
    status = status_of(exchange(site, sent, breaks_off=True))
    assert status == 0 or 200 <= status < DEFECT
    assert ask(site, b"/api/health") == 200


@pytest.mark.parametrize("kind", [b"", b"Content-Type: image/jpeg\r\n"])
@pytest.mark.parametrize("path", [b"/api/photos", b"/api/search"])
def test_a_body_that_breaks_off(site: str, path: bytes, kind: bytes) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: 1000\r\n\r\n"
    with connect(site) as connection:
        connection.sendall(head % (path, kind) + b"\xff\xd8\xff")
        # Gone at once: what was not read is thrown away.
        linger = (1).to_bytes(4, "little") + bytes(4)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange(site, head % (path, kind) + b"\xff\xd8\xff", breaks_off=True)
    assert ask(site, b"/api/health") == 200


def test_random_targets(site: str) -> None:
    names = ["photo", "box", "k", "where", "ranker", "category", "height", "x"]
    values = st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore"))
    part = st.tuples(st.sampled_from(names), values)

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(path=st.sampled_from(paths()), parts=st.lists(part, max_size=4))
    def ask_one(path: str, parts: list[tuple[str, bytes]]) -> None:
        query = b"&".join(
            name.encode() + b"=" + b"".join(b"%%%02X" % byte for byte in value)
            for name, value in parts
        )
        assert 200 <= ask(site, path.encode() + b"?" + query) < DEFECT

    ask_one()
