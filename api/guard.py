"""The guard before every route: who asks, and may they? `domain/access.py` says what each route needs.

It stands before the routes rather than in them, so that none can be forgotten, and so that whoever is refused
uploads nothing first.
"""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from api.dependencies import Resources
from api.problems import DATABASE_AWAY, Problem
from domain.access import MACHINE, METRICS, METRICS_PATH, SAFE_METHODS, Caller, Need, refusal, rule_for
from settings import Settings
from storage import api_keys, sessions
from storage.api_keys import DeadKeyError

HOW_TO_LOG_IN = (
    "people: log in with POST /api/auth/login; "
    "programs: send the header `Authorization: Bearer` with an API key"
)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Relance"'}


class GuardMiddleware:
    """Lets a request through with its caller in `request.state.caller`, or answers 401 or 403."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":  # there are none
            await WebSocketClose(1008, "no such route")(scope, receive, send)
            return
        if scope["type"] == "http":
            try:
                await self._check(Request(scope))
            except Problem as problem:
                headers = CHALLENGE if problem.status == 401 else None
                answer = JSONResponse(
                    problem.body, problem.status, headers, media_type="application/problem+json"
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, request: Request) -> None:
        rule = rule_for(request.method, request.scope["path"])
        if rule.need is Need.OPEN:
            return
        resources: Resources = request.app.state.resources
        try:
            caller = await self._authenticate(request, resources)
        except DATABASE_AWAY as error:
            detail = "the database does not answer; nothing was changed, try again in a moment"
            raise Problem(503, "Unavailable", detail) from error
        if refused := refusal(rule, caller):
            raise Problem(403, refused.title, refused.detail, missing=refused.missing)
        request.state.caller = caller

    async def _authenticate(self, request: Request, resources: Resources) -> Caller:
        given = request.headers.get("authorization")
        if given is not None:
            return await self._program(given, request.scope["path"], resources)
        token = request.cookies.get(cookie_name(self._settings))
        if token is None:
            raise Problem(401, "Not authenticated", HOW_TO_LOG_IN)
        if request.method not in SAFE_METHODS and not comes_from_us(request, self._settings, must_say=True):
            raise _foreign()
        caller = await sessions.find_caller(resources.pool, token)
        if caller is None:
            raise Problem(401, "Session has ended", f"log in again; {HOW_TO_LOG_IN}")
        return caller

    async def _program(self, given: str, path: str, resources: Resources) -> Caller:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(401, "Not authenticated", HOW_TO_LOG_IN)
        token = token.strip()
        if _is(token, self._settings.local_api_key):
            return MACHINE
        if path == METRICS_PATH and _is(token, self._settings.metrics_key):
            return METRICS
        try:
            return await api_keys.find_caller(resources.pool, token)
        except DeadKeyError as error:
            raise Problem(401, "Not authenticated", f"{error}; {HOW_TO_LOG_IN}") from error


def _is(token: str, key: SecretStr | None) -> bool:
    return key is not None and hmac.compare_digest(token.encode(), key.get_secret_value().encode())


def cookie_name(settings: Settings) -> str:
    """Over TLS, a name that no other host and no plain HTTP can set."""
    return "__Host-relance_session" if settings.is_https else "relance_session"


def refuse_foreign_pages(request: Request, settings: Settings) -> None:
    """Raises Problem (403) for a browser on the page of another site; programs pass."""
    if not comes_from_us(request, settings, must_say=False):
        raise _foreign()


def comes_from_us(request: Request, settings: Settings, *, must_say: bool) -> bool:
    """Whether the page that makes the browser ask is ours; with `must_say`, silence is no yes."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return not must_say
    # Behind a proxy, the host may be another than the one that the browser sees.
    hosts = {request.headers.get("host", "").lower(), urlsplit(settings.public_url or "").netloc.lower()}
    return urlsplit(origin).netloc.lower() in hosts - {""}


def _foreign() -> Problem:
    return Problem(
        403,
        "Foreign page",
        "this came from no page of this site (Sec-Fetch-Site or Origin): programs use an API key instead",
    )


def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]
"""Who asks; only on routes that are not open."""
