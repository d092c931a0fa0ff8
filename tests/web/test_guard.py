"""Who is answered: host, origin, token and size of a request."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

SAYS = "problem+json"


def test_a_name_that_leads_here_by_dns_is_refused(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""):
        answer = client.get("/api/health", headers={"host": host})
        assert answer.status_code == 403, host
    for host in ("localhost", "127.0.0.1:1", "[::1]:80", "localhost:8765"):
        assert client.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),  # a program; the body is missing
        ({"origin": "http://localhost"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:99"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 400),
    ],
)
def test_only_pages_of_this_server_and_programs_change_things(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/api/photos", headers=headers)
    assert answer.status_code == status
    assert SAYS in answer.headers["content-type"]


def test_a_token_opens_everything_and_nothing_opens_without(serve) -> None:
    client = serve(token="secret")
    assert client.get("/api/health").status_code == 200
    for path in (
        "/api/version",
        "/search",
        "/",
        "/api/openapi.json",
        "/pictures/row-0",
    ):
        assert client.get(path, follow_redirects=False).status_code == 401, path
    for wrong in ("Bearer", "Bearer other", "Basic secret", "Bearer sécret"):
        headers = {"authorization": wrong.encode("latin-1")}
        assert client.get("/api/version", headers=headers).status_code == 401
    headers = {"authorization": "Bearer secret"}
    assert client.get("/api/version", headers=headers).status_code == 200
    # Any name may lead to a server that asks for a token.
    headers["host"] = "shop.example"
    assert client.get("/api/version", headers=headers).status_code == 200


def test_the_printed_link_leaves_a_cookie_and_no_token_in_the_address(serve) -> None:
    client = serve(token="secret")
    answer = client.get("/search?token=secret", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/search"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    assert client.get("/search").status_code == 200  # the client kept the cookie
    assert client.post("/api/photos?token=secret", cookies={}).status_code == 400


def test_an_upload_is_limited_in_bytes(serve) -> None:
    client = serve(most_upload=1 << 20)
    answer = client.post("/api/photos", content=b"x" * (1 << 20))
    assert answer.status_code == 422  # it may come, and is no photograph
    answer = client.post("/api/photos", content=b"x" * ((1 << 20) + 1))
    assert answer.status_code == 413
    assert answer.json()["detail"] == "The upload is too large; the limit is 1 MiB."

    def pieces():  # without a Content-Length
        for _ in range(20):
            yield b"x" * (1 << 17)

    assert client.post("/api/photos", content=pieces()).status_code == 413


def test_answers_forbid_what_pages_do_not_need(client: TestClient) -> None:
    headers = client.get("/search").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    page = client.get("/search").text
    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page


def test_the_health_check_of_the_image_is_answered(serve) -> None:
    image = (Path(__file__).parents[2] / "Dockerfile").read_text("utf-8")
    (path,) = re.findall(r"http://127\.0\.0\.1:\d+(/[^']*)'", image)
    answer = serve(token="secret").get(path, headers={"host": "127.0.0.1:8765"})
    assert answer.json()["status"] == "ok"
