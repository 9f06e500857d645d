"""What every answer carries to keep browsers from harm, and what no foreign page may ask for."""

import base64
import hashlib
import re
import secrets

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.body_limits import BodyLimitMiddleware
from api.conditional import ConditionalMiddleware
from api.guard import GuardMiddleware
from api.idempotency import IdempotencyMiddleware
from settings import Settings

log = structlog.get_logger(__name__)

REQUEST_ID = "X-Request-ID"
SMALLEST_GZIP = 1024
GZIP_LEVEL = 4  # of 9: most of the gain at a third of the time

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",  # the filter of old browsers did more harm than good
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=63072000"
# Answers of the API are data: no browser is to run or load anything from them.
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# The interactive docs load their files from here, and run the one script that stands in the page itself.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DOCS = frozenset({"/docs", "/redoc", "/docs/oauth2-redirect"})
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_GOOD_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def install(app: FastAPI, settings: Settings) -> None:
    """Puts around the routes, from the inside out: idempotency, limits, guard, headers, conditions, gzip."""
    app.add_middleware(IdempotencyMiddleware)
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(GuardMiddleware, settings=settings)
    app.add_middleware(HeadersMiddleware, is_https=settings.is_https)
    app.add_middleware(ConditionalMiddleware)
    # Streams of events are left alone by default.
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_GZIP, compresslevel=GZIP_LEVEL)


class HeadersMiddleware:
    """Gives each request an id, which its log lines carry too, and each answer the headers that protect it."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = {**HEADERS, **({"Strict-Transport-Security": HSTS} if is_https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _GOOD_REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        path: str = scope["path"]
        inner = _with_policy_of_docs(send) if path in DOCS else send
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if path not in DOCS:
                    headers.setdefault("Content-Security-Policy", DATA_POLICY)
                if path.startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await inner(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            except ClientDisconnect:
                log.info("the client left in the middle of its request")
            except Exception:
                if started:
                    raise
                # Not the path itself: that of a webhook holds its secret.
                route = getattr(scope.get("route"), "path", "unmatched")
                log.exception("an unexpected error", method=scope["method"], route=route)
                await problems.unexpected()(scope, receive, send_with_headers)


def _with_policy_of_docs(send: Send) -> Send:
    """Holds the beginning back until the page is there, because its policy names the script in it."""
    start: list[Message] = []

    async def send_page(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        if start:
            head = start.pop()
            MutableHeaders(scope=head)["Content-Security-Policy"] = policy_of_page(message.get("body", b""))
            await send(head)
        await send(message)

    return send_page


def policy_of_page(page: bytes) -> str:
    """The policy under which only the scripts that stand in this page run."""
    hashes = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    return DOCS_POLICY.format(
        scripts="".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in hashes)
    )
