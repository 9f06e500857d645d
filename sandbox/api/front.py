"""The door of the API: notes the moment of arrival, checks the key, and lets faults strike."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from sandbox.api.connections import cut
from sandbox.errors import error_body
from sandbox.faults import Fault, Occasion
from sandbox.journal import ApiRequest
from sandbox.meta.errors import INVALID_TOKEN, META_GENERIC, meta_error_body
from sandbox.store import Json
from sandbox.world import Universe, World

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ARRIVED_AT = "sandbox.arrived_at"
API = re.compile(r"/v1/|/v[0-9]+\.[0-9]+/")

SILENCE_S = 30.0  # of a timeout whose fault does not say how long
PROXY_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
PROXY_TITLES = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


class Front:
    """Wraps the application; requests to neither provider's API pass untouched."""

    def __init__(self, app: App, universe: Universe, token: str) -> None:
        self._app = app
        self._universe = universe
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not API.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        scope[ARRIVED_AT] = time.time()
        world = self._universe.world
        request = world.requests.open(scope["method"], scope["path"], scope[ARRIVED_AT])
        send = noting_status(request, send)
        if not self._is_authorized(scope):
            refusal = refused(scope, 401, "The token is missing or not valid", INVALID_TOKEN)
            await answer_json(send, 401, refusal)
            return
        if not world.faults.planned:
            await self._app(scope, receive, send)
            return
        body = await read_body(receive)
        fault = world.faults.draw(occasion(scope, body))
        visit = Visit(self._app, world, scope=scope, receive=receive, send=send, body=body)
        if fault is None:
            await visit.work(send)
        else:
            request.fault = fault.kind
            await visit.suffer(fault)

    def _is_authorized(self, scope: Scope) -> bool:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        authorization = headers.get(b"authorization", "")
        given = (
            headers.get(b"token"),
            authorization,
            authorization.removeprefix("Bearer "),
            *parse_qs(scope["query_string"].decode("latin-1")).get("token", []),
        )
        return self._token in given


class Visit:
    """One request that meets planned faults."""

    def __init__(
        self, app: App, world: World, *, scope: Scope, receive: Receive, send: Send, body: bytes
    ) -> None:
        self._app = app
        self._world = world
        self._scope = scope
        self._receive = receive
        self._send = send
        self._body = body

    async def work(self, send: Send) -> None:
        """Lets the application do its work on the body that was read already."""
        body_given = False

        async def receive() -> Event:
            nonlocal body_given
            if body_given:
                return await self._receive()
            body_given = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        await self._app(self._scope, receive, send)

    async def suffer(self, fault: Fault) -> None:
        """What happens in place of the right answer."""
        if fault.kind.startswith("accept_then_"):
            await self._accept_then(fault)
        elif fault.kind in ("drop", "reset"):
            await self._cut(reset=fault.kind == "reset")
        elif fault.kind == "timeout":
            await self._keep_silent(fault)
            await self._cut()
        elif fault.kind == "status":
            headers = {"retry-after": str(fault.retry_after_s)} if fault.retry_after_s is not None else {}
            text = "The sandbox was asked to refuse this"
            code = META_GENERIC if fault.error_code is None else fault.error_code
            body = refused(self._scope, fault.http_status, text, code)
            await answer_json(self._send, fault.http_status, body, headers)
        else:
            await answer_page(self._send, int(fault.kind.removeprefix("html_")))

    async def _accept_then(self, fault: Fault) -> None:
        """The work is done, and its answer goes astray; a refusal reaches the caller as it is."""
        answer: list[Event] = []

        async def keep(event: Event) -> None:
            answer.append(event)

        await self.work(keep)
        if answer[0]["status"] >= 300:
            await self._give(answer)
        elif fault.kind == "accept_then_drop":
            await self._cut()
        elif fault.kind == "accept_then_502":
            await answer_page(self._send, 502)
        else:
            await self._keep_silent(fault)
            await self._give(answer)

    async def _give(self, answer: list[Event]) -> None:
        for event in answer:
            await self._send(event)

    async def _cut(self, *, reset: bool = False) -> None:
        cut(self._scope["client"], reset=reset)
        await gone(self._receive)

    async def _keep_silent(self, fault: Fault) -> None:
        """Says nothing for a while, or until the client gives up."""
        silence_s = SILENCE_S if fault.delay_s is None else fault.delay_s
        waits = [
            asyncio.create_task(self._world.agenda.sleep(silence_s)),
            asyncio.create_task(gone(self._receive)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def noting_status(request: ApiRequest, send: Send) -> Send:
    async def note(event: Event) -> None:
        if event["type"] == "http.response.start":
            request.status = event["status"]
        await send(event)

    return note


def is_meta(scope: Scope) -> bool:
    return not scope["path"].startswith("/v1/")


def refused(scope: Scope, status: int, text: str, meta_code: int) -> Json:
    """A refusal in the words of the provider that was asked."""
    return meta_error_body(meta_code, text) if is_meta(scope) else error_body(status, text)


def occasion(scope: Scope, body: bytes) -> Occasion:
    """Which request this is, as faults name it: `messages.post`, `devices.get`, `meta_messages.post` ..."""
    resource = scope["path"].split("/")[2]
    query = parse_qs(scope["query_string"].decode("latin-1"))
    try:
        content = json.loads(body) if body else {}
    except ValueError:
        content = {}
    said = content if isinstance(content, dict) else {}
    if is_meta(scope):
        resource = "meta_messages" if scope["path"].endswith("/messages") else "meta_numbers"
        said = {
            "phone": f"+{str(said.get('to')).lstrip('+')}",
            "reference": said.get("biz_opaque_callback_data"),
        }
    named = {name: said.get(name) or next(iter(query.get(name, [])), None) for name in ("phone", "reference")}
    return Occasion(
        target=f"{resource}.{scope['method'].lower()}",
        **{name: value if isinstance(value, str) else None for name, value in named.items()},
    )


async def read_body(receive: Receive) -> bytes:
    parts = []
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(parts)


async def gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer_json(send: Send, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
    await answer(send, status, json.dumps(body).encode(), "application/json", headers or {})


async def answer_page(send: Send, status: int) -> None:
    """The page of a proxy in front of the API, which speaks no JSON."""
    await answer(send, status, PROXY_PAGE.format(PROXY_TITLES[status]).encode(), "text/html", {})


async def answer(send: Send, status: int, content: bytes, media_type: str, headers: dict[str, str]) -> None:
    fields = {"content-type": media_type, "content-length": str(len(content)), **headers}
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
