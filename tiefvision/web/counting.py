"""The middleware that counts answers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiefvision.web.metrics import Metrics


class Counting:
    """Counts every answer by the pattern of its route and by its status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count what is answered."""

        async def send_message(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The pattern, not the address: else each photograph were a metric.
                route = getattr(scope.get("route"), "path", "none")
                self._metrics.count(route, message["status"])
            await send(message)

        await self._app(scope, receive, send_message)
