"""What every request passes: host, token, origin, size; and the headers of answers.

Pages of other sites can make a browser send requests here, with its cookies, and names
that resolve to 127.0.0.1. So a request that changes something has to come from a page
of this server, or from a program, which sends no Origin; and without a token only the
names of this machine are answered.
"""

import hmac
from http import HTTPStatus
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiefvision.web.problems import answer
from tiefvision.web.settings import ServeSettings, is_loopback

COOKIE = "tiefvision-token"

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
"""Content security policy of the pages."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

OPEN_PATHS = ("/api/health", "/static/")
"""Paths that need no token: for those who watch the server, and for its looks."""


class Guard:
    """The middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limited = self._limited(request, receive)
        refusal = self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        await self._app(scope, limited, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if not self._settings.token and not _names_this_machine(request):
            detail = "This server answers requests to this machine's own name only."
            return answer(request, HTTPStatus.FORBIDDEN, detail)
        if self._settings.token and not request.url.path.startswith(OPEN_PATHS):
            refused = self._without_token(request)
            if refused is not None:
                return refused
        if request.method not in SAFE and not _is_same_origin(request):
            detail = "A page of another site may not change anything here."
            return answer(request, HTTPStatus.FORBIDDEN, detail)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._settings.most_upload:
            return answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_large)
        return None

    def _without_token(self, request: Request) -> Response | None:
        """What is answered to a request without the token; None if it has it."""
        token = self._settings.token
        asked = parse_qs(request.url.query).get("token", [""])[-1]
        if asked and _is_same(asked, token) and request.method in SAFE:
            # From the link that the server printed: once in a cookie, the token leaves
            # the address, which is copied and logged.
            response: Response = RedirectResponse(request.url.path or "/", 303)
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return response
        if _is_same(_token_of(request), token):
            return None
        response = answer(
            request,
            HTTPStatus.UNAUTHORIZED,
            "This server asks for a token.",
            "Open the link that it printed, or send: Authorization: Bearer TOKEN.",
        )
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @property
    def _too_large(self) -> str:
        most = self._settings.most_upload >> 20
        return f"The upload is too large; the limit is {most} MiB."

    def _limited(self, request: Request, receive: Receive) -> Receive:
        """Receives at most as many bytes as an upload may have."""
        total = 0

        async def receive_some() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._settings.most_upload:
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_large
                )
            return message

        return receive_some


def _with_headers(send: Send) -> Send:
    """Sends answers with ``HEADERS``, unless they have their own."""

    async def send_message(message: Message) -> None:
        if message["type"] == "http.response.start":
            have = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(
                    (name.lower().encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.lower().encode() not in have
                ),
            ]
        await send(message)

    return send_message


def _token_of(request: Request) -> str:
    """The token that a request gives; "" for none."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(request.headers.get("cookie", ""))
    except Exception:  # a cookie that cannot be read is none
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _names_this_machine(request: Request) -> bool:
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}")
        return is_loopback(host.hostname or "")
    except ValueError:  # as of a bracket that is not closed
        return False


def _is_same_origin(request: Request) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    return origin.partition("://")[2] == request.headers.get("host")
