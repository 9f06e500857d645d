"""What a request is about: its ids in every line of its log, and its span if traces are on."""

import re

from fastapi import FastAPI, Request
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from settings import Settings
from tracing import context_of, tracer

WEBHOOKS = "/webhooks/"
TRACED = ("/api/", WEBHOOKS)
STREAMS = frozenset({"/api/events"})  # they last as long as somebody looks
IDS = ("campaign_id", "contact_id", "sender_id")
_UUID = re.compile("[0-9a-fA-F-]{36}")


async def bind_ids(request: Request) -> None:
    """The ids in a request's path, which its log lines carry from here on."""
    bind_contextvars(
        **{name: given for name in IDS if _UUID.fullmatch(given := str(request.path_params.get(name, "")))}
    )


def install(app: FastAPI, settings: Settings) -> None:
    """Traces the application's requests, if the settings say where to."""
    if settings.traces_url:
        app.add_middleware(TracingMiddleware)


class TracingMiddleware:
    """A span for each request. Never its path itself: that of a webhook holds the secret."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(TRACED) or path in STREAMS:
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        with tracer.start_as_current_span(
            method, _parent(scope), kind=SpanKind.SERVER, attributes={"http.request.method": method}
        ) as span:

            async def watch(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    request_id = MutableHeaders(scope=message).get("X-Request-ID", "")
                    span.set_attribute("relance.request_id", request_id)
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self._app(scope, receive, watch)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)


def _parent(scope: Scope) -> Context:
    # Our own programs may go on in a trace of theirs. A gateway's has nothing to do with ours.
    headers = {} if scope["path"].startswith(WEBHOOKS) else dict(Headers(scope=scope))
    return context_of(headers)
