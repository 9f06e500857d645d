"""`Idempotency-Key` on POST: the same request sent twice is done once, and answered twice.

What was refused, or says itself that it may be asked for again, frees its key. Where nobody knows whether it
was done (the database went away in the middle, an error that nobody foresaw), the key keeps that answer: a
retry that does it twice is worse than one that has to look first, and a new key is always free.

Answers that carry a secret are not kept: for users, API keys and logins the header does nothing, and their
unique names keep them from being made twice. Files of imports pass by unread: for them a key stands for the
path, the parameters and the length.
"""

import hashlib
import re
from collections import deque

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import DATABASE_AWAY, Problem, TooLargeError, answer_of, is_uncertain, unexpected
from domain.access import Caller
from storage import idempotency
from storage.database import Pool
from storage.idempotency import Answer, Claimed, Other, Running

log = structlog.get_logger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
SECRETIVE = ("/api/auth/", "/api/users", "/api/api-keys")
FILES = frozenset({"/api/imports", "/api/imports/preview"})
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
        except (Problem, TooLargeError) as error:
            answer = answer_of(error)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, key: str) -> ASGIApp:
        if not _GOOD_KEY.fullmatch(key):
            raise Problem(422, "Invalid key", f"{HEADER}: 1 to 255 visible ASCII characters, such as a UUID")
        pool = scope["app"].state.resources.pool
        caller: Caller = scope["state"]["caller"]
        is_file = scope["path"] in FILES
        body = [] if is_file else await _read(receive)
        claimed = await _claim(pool, caller.identity, key, _hash(scope, body, is_file=is_file))
        if isinstance(claimed, Claimed):
            again = receive if is_file else _with_body(body, receive)
            return await self._first(scope, again, pool, caller=caller.identity, key=key)
        if is_file:
            await _read(receive, keep=False)  # a client that is still sending would not see the answer
        match claimed:
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
        outcome: Answer | None = None
        try:
            await self._app(scope, receive, recorded.send)
            if recorded.answer.status < 300 or is_uncertain(scope):
                outcome = recorded.answer
        except ClientDisconnect:  # before its whole body was there
            await _settle(pool, caller, key, None)
            raise
        except Exception:
            broken = unexpected()
            await _settle(
                pool,
                caller,
                key,
                Answer(
                    status=broken.status_code,
                    headers={"content-type": broken.headers["content-type"]},
                    body=bytes(broken.body),
                ),
            )
            raise
        await _settle(pool, caller, key, outcome)
        return recorded.replay


async def _claim(pool: Pool, caller: str, key: str, request_hash: bytes) -> Claimed | Running | Other | Answer:
    try:
        return await idempotency.claim(pool, caller, key, request_hash)
    except DATABASE_AWAY as error:
        log.exception("the key of an idempotent request cannot be claimed")
        detail = "the database does not answer; nothing was changed, try again in a moment"
        raise Problem(503, "Unavailable", detail) from error


async def _settle(pool: Pool, caller: str, key: str, answer: Answer | None) -> None:
    """Keeps the answer, or frees the key."""
    try:
        if answer is not None:
            await idempotency.keep(pool, caller, key, answer)
        else:
            await idempotency.release(pool, caller, key)
    except DATABASE_AWAY:
        # It was done: saying so is worth more than the guarantee for a repetition.
        log.exception("the answer of an idempotent request cannot be stored")


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


def honours(method: str, path: str) -> bool:
    """Whether the header counts there."""
    return method == "POST" and path.startswith("/api/") and not path.startswith(SECRETIVE)


def _key(scope: Scope) -> str | None:
    """The key, of a request that it counts for."""
    if scope["type"] != "http" or "caller" not in scope.get("state", {}):
        return None
    return Headers(scope=scope).get(HEADER) if honours(scope["method"], scope["path"]) else None


async def _read(receive: Receive, *, keep: bool = True) -> list[bytes]:
    """The body as it comes, or nothing of it."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if keep:
            chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks


def _hash(scope: Scope, body: list[bytes], *, is_file: bool) -> bytes:
    parts = [scope["method"].encode(), scope["path"].encode(), scope["query_string"]]
    if is_file:
        parts.append(Headers(scope=scope).get("content-length", "").encode())
    # Each with its length: no two requests give the same sequence of bytes.
    digest = hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts))
    digest.update(b"%d:" % sum(map(len, body)))
    for chunk in body:
        digest.update(chunk)
    return digest.digest()


def _with_body(body: list[bytes], receive: Receive) -> Receive:
    left = deque(body)

    async def replay() -> Message:
        if not left:
            return await receive()
        chunk = left.popleft()
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    return replay
