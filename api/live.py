"""What happens, as it happens: one stream of server-sent events for everybody who watches.

A process looks at the database once a second, however many listen, and sends on what differs from the look
before. The latest events are kept, so that a listener whose connection broke goes on where it was; one that was
away for too long, or talks to another process now, gets a `reset` with everything.

The same look tells the cache which numbers have changed, whichever process has written them.
"""

import asyncio
import secrets
import signal
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from uvicorn import Server

from api.caching import MONITORING, touched_contacts, touched_messages
from api.live_models import LiveOut
from api.problems import PROBLEM_RESPONSES
from domain.alerts import Kind, Stage, words_for
from storage import monitoring
from storage.cache import Area, Cache, Pattern
from storage.database import Pool

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
NOTICE_STOP_S = 0.1
EVENTS_KEPT = 2000
# A stream ends by itself now and then: its listener comes back, and shows again that it may listen.
LONGEST_STREAM_S = 600.0
RETRY_MS = 1000

Picture = dict[str, Any]
_LISTS = {"campaigns": "campaign", "senders": "sender", "imports": "import"}


class LiveFeed:
    """The latest events, and whoever waits for the next."""

    def __init__(self, pool: Pool, cache: Cache) -> None:
        self.listeners = 0
        self._pool = pool
        self._cache = cache
        self._epoch = secrets.token_hex(4)  # numbers of another process mean nothing here
        self._events: deque[tuple[int, str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._number = 0
        self._picture: Picture | None = None
        self._news = asyncio.Event()
        self._closed = False
        self._failing = False

    async def run(self, server: Server | None) -> None:
        """Until cancelled. Ends all streams as soon as the server is told to stop."""
        looked_at = -LOOK_EVERY_S
        while not self._closed:  # what swallows a cancellation on the way must not keep the server from ending
            if server is not None and server.should_exit:
                self.close()
            if monotonic() - looked_at >= LOOK_EVERY_S:
                looked_at = monotonic()
                await self.look()
            await asyncio.sleep(NOTICE_STOP_S)

    def close(self) -> None:
        """Ends every stream; a server waits for open ones before it tells us that it ends."""
        self._closed = True
        self._wake()

    async def look(self) -> None:
        """One look at the database; its events are there afterwards. Trouble is logged, never raised."""
        try:
            new = await monitoring.picture(self._pool)
        except Exception as error:
            if not self._failing:
                log.warning("live events stand still, trying again", error=repr(error))
            self._failing = True
            return
        self._failing = False
        old, self._picture = self._picture, new
        if old is None:
            # Whatever was written while no process of ours looked.
            await self._cache.invalidate(*(Pattern(area, "*") for area in Area))
        else:
            await self._tell_cache(old, new)
            self._publish(_differences(old, new))
        self._wake()

    async def follow(self, last_event_id: str | None) -> AsyncIterator[ServerSentEvent]:
        """Events from there on, until the server stops or the stream is old enough."""
        self.listeners += 1
        try:
            number = self._number_of(last_event_id)
            ends_at = monotonic() + LONGEST_STREAM_S
            while not self._closed and monotonic() < ends_at:
                news = self._news
                if self._picture is not None:
                    if number is None or number < self._number - len(self._events):
                        number = self._number
                        yield self._reset()
                    for each, name, data in [event for event in self._events if event[0] > number]:
                        number = each
                        yield ServerSentEvent(event=name, data=data, id=f"{self._epoch}-{each}")
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), ends_at - monotonic())
        finally:
            self.listeners -= 1

    async def everything(self) -> Picture:
        """What a `reset` holds. Raises TimeoutError as long as there was no look at all."""
        if self._picture is None:
            await self.look()
        if self._picture is None:
            raise TimeoutError("the database does not answer")
        return self._shown()

    def _shown(self) -> Picture:
        picture = self._picture or {}
        return {name: picture.get(name, []) for name in _LISTS} | {"warnings": _warnings(picture)}

    def _reset(self) -> ServerSentEvent:
        return ServerSentEvent(
            event="reset", data=self._shown(), id=f"{self._epoch}-{self._number}", retry=RETRY_MS
        )

    def _number_of(self, event_id: str | None) -> int | None:
        epoch, _, number = (event_id or "").partition("-")
        known = epoch == self._epoch and number.isdecimal() and int(number) <= self._number
        return int(number) if known else None

    def _publish(self, events: Iterator[tuple[str, Any]]) -> None:
        for name, data in events:
            self._number += 1
            self._events.append((self._number, name, data))

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _tell_cache(self, old: Picture, new: Picture) -> None:
        changed = {
            campaign_id
            for campaign_id, numbers in new["activity"].items()
            if old["activity"].get(campaign_id) != numbers
        } | {row["id"] for row in _changed(old["campaigns"], new["campaigns"])}
        if changed:
            await touched_messages(self._cache, changed)
        if any(old[what] != new[what] for what in ("senders", "workers_alive")):
            await self._cache.invalidate(MONITORING)
        if any(old[what] != new[what] for what in ("contacts", "checks", "imports")):
            await touched_contacts(self._cache, None)


def _differences(old: Picture, new: Picture) -> Iterator[tuple[str, Any]]:
    for name, event in _LISTS.items():
        for row in _changed(old[name], new[name]):
            yield event, row
    if _warnings(old) != _warnings(new):
        yield "warnings", _warnings(new)


def _changed(old: list[Picture], new: list[Picture]) -> list[Picture]:
    before = {row["id"]: row for row in old}
    return [row for row in new if before.get(row["id"]) != row]


# Kind and type of subject of a warning, by the kind of its alert.
_SHOWN_AS = {
    Kind.COMPONENT_DOWN: ("component_down", "component"),
    Kind.QUOTA_HIGH: ("quota_high", "sender"),
    Kind.WEBHOOK_SILENCE: ("webhook_silence", "alert"),
    Kind.UPKEEP_FINDINGS: ("upkeep_findings", "alert"),
    Kind.INSTALLATION_HELD: ("installation_held", "alert"),
}


def _warnings(picture: Picture) -> list[dict[str, Any]]:
    """What a person should look at now."""
    found = (
        []
        if picture["workers_alive"]
        else [_warning("no_worker", "workers", None, "no worker is alive: nothing is sent")]
    )
    for sender in picture["senders"]:
        if sender["status"] == "stopped":
            text = f"{sender['name']} is stopped: {sender['status_reason']}"
            found.append(_warning("sender_stopped", "sender", sender["id"], text))
        elif sender["many_errors"]:
            text = f"{sender['error_rate']:.0%} of the last messages of {sender['name']} failed"
            found.append(_warning("sender_errors", "sender", sender["id"], text))
    found += [
        _warning(
            "campaign_not_started",
            "campaign",
            campaign["id"],
            f"{campaign['name']} did not start: {campaign['start_problem']}",
        )
        for campaign in picture["campaigns"]
        if campaign["start_problem"]
    ]
    return found + [_of_alert(alert) for alert in picture.get("alerts", []) if not _is_shown_already(alert)]


_SEEN_OTHERWISE = {(Kind.COMPONENT_DOWN, "worker"), (Kind.COMPONENT_DOWN, "api")}


def _is_shown_already(alert: Picture) -> bool:
    # The look itself sees these at once; an alert goes out only when they last.
    about = (alert["kind"], alert["subject"])
    return alert["kind"] in {Kind.SENDER_STOPPED, Kind.SENDER_ERRORS} or about in _SEEN_OTHERWISE


def _of_alert(alert: Picture) -> dict[str, Any]:
    kind, subject, facts = alert["kind"], alert["subject"], alert["facts"]
    title, body = words_for(kind, subject, facts, stage=Stage.RAISED, lasted_s=0, language="en")
    warning = _warning(*_SHOWN_AS.get(kind, ("alert", "alert")), subject or None, f"{title}: {body}")
    if kind not in _SHOWN_AS:
        warning["subject_id"] = f"{kind}/{subject}"
    return {**warning, "value": facts.get("share")}


def _warning(kind: str, subject_type: str, subject_id: str | None, text: str) -> dict[str, Any]:
    return {"kind": kind, "subject_type": subject_type, "subject_id": subject_id, "text": text, "value": None}


def _server() -> Server | None:
    """The server around this application.

    uvicorn tells an application of its end only after every stream has ended, and no stream ends without being
    told. The way out: the handler that uvicorn has set for SIGTERM belongs to the server.
    """
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if isinstance(owner, Server) else None


@asynccontextmanager
async def _run_feed(app: FastAPI) -> AsyncIterator[None]:
    feed = app.state.live_feed = LiveFeed(app.state.resources.pool, app.state.cache)
    running = asyncio.create_task(feed.run(_server()))
    try:
        yield
    finally:
        feed.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


router = APIRouter(prefix="/api", tags=["live"], responses=PROBLEM_RESPONSES, lifespan=_run_feed)


def _feed(request: Request) -> LiveFeed:
    feed: LiveFeed = request.app.state.live_feed
    return feed


Feed = Annotated[LiveFeed, Depends(_feed)]


@router.get("/events", response_class=EventSourceResponse)
async def stream_events(
    feed: Feed,
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="Sent by browsers that come back")
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Events as they happen, at most a second behind.

    `reset`: everything there is to know, first and whenever a listener was away for too long. Then `campaign`
    with its counters and state, `sender` with its state, `import` with its progress, each as a whole whenever
    it changed; and `warnings`, all of them, whenever they changed.
    """
    async for event in feed.follow(last_event_id):
        yield event


@router.get("/live", response_model=LiveOut)
async def get_live(feed: Feed) -> Picture:
    """What the stream's `reset` holds, for whoever cannot hold a stream: at most a second old."""
    return await feed.everything()
