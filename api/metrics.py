"""Measurements for Prometheus: what requests took by route, and the state of everything else at each scrape."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.caching import Cached
from api.dependencies import Needs
from api.live import Feed
from domain.masking import mask_phones
from metrics import REGISTRY
from storage import monitoring, uptime
from storage.cache import Cache
from storage.monitoring import Gauges, SenderRoom
from storage.uptime import ComponentUptime

log = structlog.get_logger(__name__)

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# A client may make up methods without end, and every label of a metric stays.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# A series that is not there is no 0: nobody can compare it with anything.
SENDER_STATUSES = dict.fromkeys(("active", "paused", "stopped"), 0)
CAMPAIGN_STATUSES = dict.fromkeys(("draft", "scheduled", "running", "paused", "completed", "cancelled"), 0)
DATABASE_EVERY_S = 5.0  # however often somebody scrapes

router = APIRouter(tags=["operations"])


class Requests:
    """What requests took, by the template of their route: paths with ids would never end."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.took_s = Histogram(
            "relance_http_request_duration_seconds",
            "From the request to the end of its answer; of a stream, to its beginning",
            ["method", "route", "status"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "relance_http_requests_in_flight", "Requests without an answer yet", registry=self.registry
        )
        self.gauges: Gauges | None = None
        self.senders: list[SenderRoom] = []
        self.uptime: list[ComponentUptime] = []
        self.gauges_at = -DATABASE_EVERY_S


class MeasuringMiddleware:
    """Times every request."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = monotonic()
        status = "500"
        answered = False

        def note() -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._requests.in_flight.dec()
                route = getattr(scope.get("route"), "path", "unmatched")
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._requests.took_s.labels(method, route, status).observe(monotonic() - began)

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                if _is_stream(message):
                    note()
            await send(message)

        self._requests.in_flight.inc()
        try:
            await self._app(scope, receive, watch)
        finally:
            note()


def _is_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message["headers"]
    )


def install(app: FastAPI) -> None:
    """Measures every request of the application."""
    app.state.requests = Requests()
    app.add_middleware(MeasuringMiddleware, requests=app.state.requests)


@router.get("/metrics", response_class=Response)
async def get_metrics(request: Request, needs: Needs, cache: Cached, feed: Feed) -> Response:
    """Everything in Prometheus' text format."""
    requests: Requests = request.app.state.requests
    if monotonic() - requests.gauges_at >= DATABASE_EVERY_S:
        requests.gauges_at = monotonic()
        try:
            requests.uptime = await uptime.report(needs.pool)
            requests.senders = await monitoring.sender_room(needs.pool)
            requests.gauges = await monitoring.gauges(needs.pool)
        except Exception as error:
            log.warning("metrics without the database", error=repr(error))
            requests.gauges = None
    registry = CollectorRegistry()
    registry.register(_Snapshot(cache, feed.listeners, requests))
    text = b"".join(generate_latest(each) for each in (requests.registry, registry, REGISTRY))
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Snapshot(Collector):
    """What is known at one scrape."""

    def __init__(self, cache: Cache, listeners: int, requests: Requests) -> None:
        self._cache = cache
        self._listeners = listeners
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        lookups = CounterMetricFamily(
            "relance_cache_lookups", "Lookups in the cache", labels=["area", "result"]
        )
        for area, (hits, misses) in self._cache.metrics.by_area.items():
            lookups.add_metric([area, "hit"], hits)
            lookups.add_metric([area, "miss"], misses)
        yield lookups
        yield CounterMetricFamily(
            "relance_cache_bypassed", "Lookups while Redis was away", value=self._cache.metrics.bypassed
        )
        yield CounterMetricFamily(
            "relance_cache_errors", "Operations that Redis did not answer", value=self._cache.metrics.errors
        )
        yield _gauge("relance_cache_connected", "Whether Redis is there", self._cache.connected)
        yield _gauge("relance_live_listeners", "Open event streams", self._listeners)
        yield _gauge("relance_database_up", "Whether PostgreSQL answered", self._requests.gauges is not None)
        if self._requests.gauges is not None:
            yield from _of_database(self._requests.gauges)
            yield from _of_senders(self._requests.senders)
            yield from _of_uptime(self._requests.uptime)


def _of_database(gauges: Gauges) -> Iterator[Metric]:
    sent = CounterMetricFamily(
        "relance_messages_sent", "Messages that the provider accepted", labels=["message_type"]
    )
    sent.add_metric(["message_1"], gauges.messages_1_sent)
    sent.add_metric(["message_2"], gauges.messages_2_sent)
    yield sent
    yield CounterMetricFamily(
        "relance_message_failures", "Messages that failed for good", value=gauges.failures
    )
    yield _gauge(
        "relance_webhooks_waiting", "Webhooks that are stored, not worked off", gauges.webhooks_waiting
    )
    yield _gauge(
        "relance_webhook_oldest_waiting_seconds",
        "Age of the oldest webhook that nobody has worked off",
        gauges.oldest_webhook_s,
    )
    yield _gauge(
        "relance_send_attempts_undecided", "Attempts whose outcome is unknown", gauges.attempts_undecided
    )
    yield _counted(
        "relance_contacts", "Contacts of campaigns that run or are paused, by state", "state", gauges.contacts
    )
    yield _gauge("relance_workers_alive", "Worker processes with a recent heartbeat", gauges.workers_alive)
    yield _counted("relance_senders", "Senders by status", "status", {**SENDER_STATUSES, **gauges.senders})
    yield _counted(
        "relance_campaigns", "Campaigns by status", "status", {**CAMPAIGN_STATUSES, **gauges.campaigns}
    )
    yield _counted("relance_alerts_open", "Alerts that last, by kind", "kind", gauges.alerts)


def _of_senders(rooms: list[SenderRoom]) -> Iterator[Metric]:
    """A series each, by their ids: an installation has hundreds of them at most."""
    info = GaugeMetricFamily(
        "relance_sender_info", "Always 1; what a sender is called", labels=["sender_id", "name"]
    )
    state = GaugeMetricFamily(
        "relance_sender_state", "1 for the state that its pace is in", labels=["sender_id", "state"]
    )
    for room in rooms:
        info.add_metric([room.id, mask_phones(room.name)], 1)
        state.add_metric([room.id, room.state if room.status == "active" else room.status], 1)
    yield info
    yield state
    yield _by_sender("relance_sender_delay_seconds", "Mean time between two Messages 1", rooms, "delay_s")
    yield _by_sender(
        "relance_sender_error_ratio", "Share of its latest messages that failed", rooms, "error_rate"
    )
    yield _by_sender("relance_sender_quota_messages", "What it may send in any 24 h", rooms, "quota")
    yield _by_sender(
        "relance_sender_sent_in_a_day_messages", "What it sent in the last 24 h", rooms, "sent_in_a_day"
    )


def _by_sender(name: str, help_text: str, rooms: list[SenderRoom], what: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=["sender_id"])
    for room in rooms:
        value = getattr(room, what)
        if value is not None:  # its workflow has not looked at it yet
            family.add_metric([room.id], float(value))
    return family


def _of_uptime(components: list[ComponentUptime]) -> Iterator[Metric]:
    share = GaugeMetricFamily(
        "relance_uptime_ratio", "Share of the time in which it was up", labels=["component", "window"]
    )
    up = GaugeMetricFamily("relance_component_up", "Whether it was seen a moment ago", labels=["component"])
    for each in components:
        up.add_metric([each.component], float(each.up))
        for window, measured in each.windows.items():
            if measured.share is not None:
                share.add_metric([each.component, window], measured.share)
    yield share
    yield up


def _gauge(name: str, help_text: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=float(value))


def _counted(name: str, help_text: str, label: str, numbers: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=[label])
    for value, number in numbers.items():
        family.add_metric([value], number)
    return family
