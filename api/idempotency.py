"""`Idempotency-Key` on POST: the same request sent twice is done once, and answered twice.

What failed did nothing, so its key is free again. Answers that carry a secret are not kept: for users, API keys
and logins the header does nothing, and their unique names keep them from being made twice.
"""

import hashlib
import re

import structlog
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import Resources
from api.problems import DATABASE_AWAY, Problem
from domain.access import Caller
from storage import idempotency
from storage.database import Pool
from storage.idempotency import Answer, Claimed, Other, Running

log = structlog.get_logger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
SECRETIVE = ("/api/auth/", "/api/users", "/api/api-keys")
KEPT_HEADERS = ("content-type", "location")
_GOOD_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyMiddleware:
    """Stands behind the guard: keys belong to the caller who uses them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        key = _key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        answer: ASGIApp
        try:
            answer = await self._answer(scope, receive, key)
        except Problem as problem:
            answer = JSONResponse(problem.body, problem.status, media_type="application/problem+json")
        except DATABASE_AWAY:
            log.exception("the key of an idempotent request cannot be claimed")
            detail = "the database does not answer; nothing was changed, try again in a moment"
            body = {"type": "about:blank", "title": "Unavailable", "status": 503, "detail": detail}
            answer = JSONResponse(body, 503, media_type="application/problem+json")
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, key: str) -> ASGIApp:
        if not _GOOD_KEY.fullmatch(key):
            raise Problem(422, "Invalid key", f"{HEADER}: 1 to 255 visible ASCII characters, such as a UUID")
        resources: Resources = scope["app"].state.resources
        caller: Caller = scope["state"]["caller"]
        body = await Request(scope, receive).body()
        claimed = await idempotency.claim(resources.pool, caller.identity, key, _hash(scope, body))
        match claimed:
            case Claimed():
                again = _with_body(body, receive)
                return await self._first(scope, again, resources.pool, caller=caller.identity, key=key)
            case Running():
                detail = f"the first request with this {HEADER} is still running: ask again in a moment"
                raise Problem(409, "Still running", detail)
            case Other():
                detail = f"this {HEADER} was used for another request: take a new key for a new request"
                raise Problem(422, "Key used before", detail)
            case Answer():
                return Response(claimed.body, claimed.status, {**claimed.headers, REPLAYED: "true"})

    async def _first(self, scope: Scope, receive: Receive, pool: Pool, *, caller: str, key: str) -> ASGIApp:
        """Does the request. Its answer leaves once it is stored: nobody hears of what could be repeated."""
        recorded = _Recorded()
        try:
            await self._app(scope, receive, recorded.send)
        except BaseException:
            await idempotency.release(pool, caller, key)
            raise
        try:
            if recorded.answer.status < 300:
                await idempotency.keep(pool, caller, key, recorded.answer)
            else:
                await idempotency.release(pool, caller, key)
        except DATABASE_AWAY:
            # It was done: saying so is worth more than the guarantee for a repetition.
            log.exception("the answer of an idempotent request cannot be stored")
        return recorded.replay


class _Recorded:
    """An answer, held back."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    @property
    def answer(self) -> Answer:
        headers = Headers(raw=self._start["headers"])
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        return Answer(status=self._start["status"], headers=kept, body=self._body)

    async def replay(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Lets it go, as it was."""
        await send(self._start)
        await send({"type": "http.response.body", "body": self._body})


def _key(scope: Scope) -> str | None:
    """The key, of a request that it counts for."""
    if scope["type"] != "http" or scope["method"] != "POST" or "caller" not in scope.get("state", {}):
        return None
    path: str = scope["path"]
    if not path.startswith("/api/") or path.startswith(SECRETIVE):
        return None
    return Headers(scope=scope).get(HEADER)


def _hash(scope: Scope, body: bytes) -> bytes:
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], body)
    # Each with its length: no two requests give the same sequence of bytes.
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).digest()


def _with_body(body: bytes, receive: Receive) -> Receive:
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return given.pop() if given else await receive()

    return replay
