"""Tells people that something needs them, wherever they want to hear it: mail, Slack, Telegram, a webhook.

Destinations are Apprise URLs. They hold passwords and tokens, so neither we nor a library may log them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

import structlog
from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from temporalio import activity
from temporalio.exceptions import ApplicationError

from storage.alerts import destination_key

log = structlog.get_logger(__name__)

# Libraries that write addresses, paths or tokens into their log lines. What matters of it, we log ourselves.
_TALKATIVE = ("apprise", "oauthlib", "requests", "requests_oauthlib", "urllib3")


@dataclass(frozen=True)
class Alert:
    """What people have to know: one line, and the rest."""

    title: str
    body: str
    kind: str | None = None  # of those that Relance watches: told once, and ended, by the watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where alerts go, as it may be shown: the address itself holds secrets."""

    service: str  # such as slack or mailto
    understood: bool


class Alerts:
    """The destinations of alerts, as Apprise URLs; one that cannot be understood is never reached."""

    def __init__(self, urls: list[str], *, timeout_s: float = 10.0) -> None:
        _silence_libraries()
        asset = AppriseAsset(app_id="Relance", app_desc="Relance", service_timeout=timeout_s)
        self._destinations = [_destination(nth, url, asset) for nth, url in enumerate(urls, start=1)]
        self._services = [url.partition("://")[0] if "://" in url else "?" for url in urls]
        self.keys = [destination_key(url) for url in urls]

    @property
    def destinations(self) -> int:
        """How many there are."""
        return len(self._destinations)

    def shown(self) -> list[Destination]:
        """Every destination, without its secrets."""
        return [
            Destination(service=service, understood=destination is not None)
            for service, destination in zip(self._services, self._destinations, strict=True)
        ]

    async def send(self, *, title: str, body: str) -> bool:
        """Sends to every destination at once; whether all of them were reached. Never raises.

        Without any destination the alert is only logged, and nothing is left to reach.
        """
        return len(await self.deliver(title=title, body=body)) == self.destinations

    async def deliver(self, *, title: str, body: str, reached: Collection[int] = ()) -> list[int]:
        """Sends to every destination that was not reached yet; returns those reached now, with those before.

        Destinations are named by their position. Never raises.
        """
        if not self._destinations:
            log.error("alert that nobody gets: RELANCE_ALERT_URLS is not set", title=title, body=body)
            return []
        due = [position for position in range(self.destinations) if position not in reached]
        sent = await asyncio.gather(*(self._send_to(position, title, body) for position in due))
        now_reached = {position for position, ok in zip(due, sent, strict=True) if ok}
        return sorted(now_reached | set(reached))

    async def _send_to(self, position: int, title: str, body: str) -> bool:
        destination = self._destinations[position]
        if destination is None:
            problem = "its URL is not understood"
        else:
            try:
                result = await destination.async_notify(
                    title=title, body=body, body_format=NotifyFormat.TEXT, notify_type=NotifyType.WARNING
                )
            except Exception as error:
                problem = type(error).__name__  # its text may quote the URL
            else:
                if result:
                    return True
                problem = result.status.name.lower()
        log.error("alert not delivered", title=title, destination=position + 1, problem=problem)
        return False


def _destination(nth: int, url: str, asset: AppriseAsset) -> Apprise | None:
    """One object per URL, so that each has an outcome of its own."""
    problem = "unknown service, or parts of it are missing"
    try:
        service = Apprise.instantiate(url, asset=asset)
    except Exception as error:  # whatever a plugin makes of a URL that it does not like
        service, problem = None, type(error).__name__
    if service is None:
        log.error("alert URL not understood: appriseit.com tells its form", destination=nth, problem=problem)
        return None
    return Apprise(service, asset=asset)


def _silence_libraries() -> None:
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class AlertActivities:
    """Alerts that survive a destination's outage: Temporal sends them again."""

    def __init__(self, alerts: Alerts, look: Callable[[], Awaitable[None]] | None = None) -> None:
        self._alerts = alerts
        self._look = look

    @activity.defn
    async def send_alert(self, alert: Alert) -> None:
        """Sends the alert; raises a retryable ApplicationError while a destination was not reached.

        An attempt remembers whom it reached, so that a retry does not tell them twice. What the watch tells
        people about, it only has to look at now.
        """
        if alert.kind is not None and self._look is not None:
            await self._look()
            return
        before = activity.info().heartbeat_details
        reached = await self._alerts.deliver(
            title=alert.title, body=alert.body, reached=before[0] if before else ()
        )
        missing = self._alerts.destinations - len(reached)
        if missing:
            activity.heartbeat(reached)
            raise ApplicationError(
                f"{missing} of {self._alerts.destinations} alert destinations not reached",
                type="AlertNotDelivered",
            )
