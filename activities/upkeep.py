"""Looks for what was left behind, and repairs it: the parts of an upkeep run that concern the gateway.

Every repair is one that the ordinary ways could have made a moment later, and is safe to make twice: replies
and acknowledgements come in as webhooks do, under their keys; outcomes are found out as sending does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.intake import STATUSES, Intake, process_safely
from activities.meta_webhooks import MetaWebhooks
from activities.sending import SendingActivities
from domain.messages import moves_forward
from domain.upkeep import Finding, FindingKind, Looked, found
from providers.base import DeliveryUpdate, GatewayBusyError, GatewayError, InboundMessage, WebhookItem
from providers.gateways import Gateways
from providers.webhook_news import interpret
from storage import upkeep, webhook_events
from storage.database import Pool
from storage.upkeep import OpenMessage, SenderHistory

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

REQUEST_GAP_S = 0.2  # between two questions to the gateway
LONGEST_BREAK_S = 30.0  # a gateway that wants a longer one is asked again by the next run
TRIES = 3
STUCK_AT_ONCE = 200
MESSAGES_AT_ONCE = 1000  # of one sender, of which the status is asked for
IDS_AT_ONCE = 50
PAGES_AT_ONCE = 100  # of one sender's history; the next run goes on from there
OVERLAP_S = 3600.0  # a phone that was offline delivers with the time of writing
LONGEST_HISTORY_S = 7 * 86400.0


@dataclass(frozen=True, kw_only=True)
class UpkeepRef:
    """Which run, and why it was started (an UpkeepReason)."""

    run_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class UpkeepReport:
    """All that a run looked at."""

    run_id: str
    looked: list[Looked]


@dataclass(frozen=True, kw_only=True, slots=True)
class UpkeepRules:
    """What is younger than `patience_s` may still come right by itself."""

    patience_s: float
    webhook_url: str | None  # None: the gateway cannot reach us
    webhook_name: str
    meta_webhook: tuple[str, str] | None  # address and token of the handshake


class UpkeepActivities:
    """What an upkeep run asks the gateway, and its report."""

    def __init__(
        self, pool: Pool, gateway: Gateways, intake: Intake, sending: SendingActivities, rules: UpkeepRules
    ) -> None:
        self._pool = pool
        self._gateway = gateway
        self._intake = intake
        self._sending = sending
        self._rules = rules

    @activity.defn
    async def begin_upkeep(self, run: UpkeepRef) -> None:
        """Stores that a run has begun."""
        await upkeep.begin_run(self._pool, run.run_id, run.reason)

    @activity.defn
    async def finish_upkeep(self, report: UpkeepReport) -> None:
        """Stores the report, and logs what was found."""
        await upkeep.finish_run(self._pool, report.run_id, report.looked)
        for part in report.looked:
            for finding in part.findings:
                tell = log.warning if finding.fixed == finding.found else log.error
                tell(
                    "upkeep finding",
                    part=part.part,
                    kind=finding.kind,
                    found=finding.found,
                    fixed=finding.fixed,
                    detail=finding.detail,
                    subjects=finding.subjects,
                )
        log.info(
            "upkeep done", run_id=report.run_id, findings=sum(len(part.findings) for part in report.looked)
        )

    @activity.defn
    async def check_webhook(self) -> Looked:
        """Whether each gateway tells us what happens: actively, of all our accounts, with our secret.

        One that cannot be asked is told in the report, and keeps none of the others from being asked.
        """
        wrong: list[str] = []
        findings: list[Finding] = []
        checks = await self._webhook_checks()
        for subject, check in checks.items():
            try:
                wrong += await self._ask(check)
            except (GatewayError, ValueError) as error:
                detail = f"its webhook could not be looked at: {error}"
                findings += found(FindingKind.NOT_LOOKED, [subject], detail, fixed=0)
        detail = f"the webhook at the gateway: {'; '.join(wrong)}"
        findings += found(FindingKind.WEBHOOK, [self._rules.webhook_name] if wrong else [], detail)
        return Looked(part="webhook", looked_at=len(checks), findings=findings)

    async def _webhook_checks(self) -> dict[str, Callable[[], Awaitable[list[str]]]]:
        """What to ask about which account; the empty dict if nobody can reach us."""
        name, url = self._rules.webhook_name, self._rules.webhook_url
        checks: dict[str, Callable[[], Awaitable[list[str]]]] = {}
        if url is not None:
            checks["Wassenger"] = partial(self._gateway.register_webhook, url=url, name=name)
        if self._rules.meta_webhook is not None:
            meta = MetaWebhooks(self._pool, self._gateway, self._rules.meta_webhook)
            checks |= {f"Meta number {number}": partial(meta.direct, number) for number in await meta.numbers()}
        return checks

    @activity.defn
    async def resolve_stuck(self) -> Looked:
        """Finds out what became of messages whose attempts have had no known outcome for too long."""
        stuck = await upkeep.stuck_messages(
            self._pool, older_than_s=self._rules.patience_s, limit=STUCK_AT_ONCE
        )
        resolved = 0
        for message in stuck:
            activity.heartbeat()
            try:
                resolved += await self._sending.resolve(message.message_id)
            except ApplicationError as error:
                log.warning("an outcome stays unknown", message_id=message.message_id, error=str(error))
            await asyncio.sleep(REQUEST_GAP_S)
        findings = found(
            FindingKind.UNKNOWN_OUTCOME,
            [message.message_id for message in stuck],
            "attempts without a known outcome, looked up at the gateway",
            fixed=resolved,
        )
        return Looked(part="outcomes", looked_at=len(stuck), findings=findings)

    @activity.defn
    async def read_history(self) -> Looked:
        """Recovers replies and acknowledgements whose webhooks never came."""
        replies: list[str] = []
        statuses: list[str] = []
        looked_at = 0
        findings: list[Finding] = []
        for sender in await upkeep.histories(
            self._pool,
            settled_after_s=self._rules.patience_s,
            overlap_s=OVERLAP_S,
            longest_s=LONGEST_HISTORY_S,
        ):
            try:
                looked_at += await self._read_replies(sender, replies)
                looked_at += await self._read_statuses(sender, statuses)
            except GatewayError as error:
                findings += found(
                    FindingKind.NOT_LOOKED,
                    [sender.sender_id],
                    f"the gateway's history could not be read: {error}",
                    fixed=0,
                )
        findings += found(FindingKind.MISSED_REPLY, replies, "replies and reactions whose webhook never came")
        findings += found(FindingKind.MISSED_STATUS, statuses, "acknowledgements whose webhook never came")
        return Looked(part="history", looked_at=looked_at, findings=findings)

    async def _read_replies(self, sender: SenderHistory, recovered: list[str]) -> int:
        read = 0
        latest = sender.since
        for page in range(PAGES_AT_ONCE):
            number = page
            answer = await self._ask(
                lambda number=number: self._gateway.list_reactions(  # type: ignore[misc]
                    device=sender.device_id, since=sender.since, until=sender.until, page=number
                )
            )
            read += len(answer.events)
            unknown = await webhook_events.unknown_keys(self._pool, [item.key for item in answer.events])
            for item in answer.events:
                latest = max(latest, _occurred_at(item) or latest)
                if item.key in unknown and (event_id := await self._take_in(item)):
                    recovered.append(event_id)
            if not answer.more:
                latest = sender.until
                break
        await upkeep.mark_read(self._pool, sender.sender_id, latest)
        return read

    async def _read_statuses(self, sender: SenderHistory, recovered: list[str]) -> int:
        messages = await upkeep.open_messages(
            self._pool, sender.sender_id, older_than_s=self._rules.patience_s, limit=MESSAGES_AT_ONCE
        )
        ids = [message.provider_id for message in messages]
        by_id = {name: message for message in messages for name in (message.id, message.provider_id)}
        for first in range(0, len(ids), IDS_AT_ONCE):
            asked = ids[first : first + IDS_AT_ONCE]
            listed = await self._ask(lambda asked=asked: self._gateway.list_statuses(provider_ids=asked))  # type: ignore[misc]
            news = {item.key: (item, message) for item in listed if (message := _news_about(item, by_id))}
            # What has come already and waits for its message is worked off by the relay.
            for key in await webhook_events.unknown_keys(self._pool, list(news)):
                item, message = news[key]
                if await self._take_in(item):
                    recovered.append(message.id)
        return len(messages)

    async def _take_in(self, item: WebhookItem) -> str | None:
        """The way of a webhook. None: it has just come by itself."""
        event = await webhook_events.store_event(
            self._pool, key=item.key, event=item.event, payload=item.payload
        )
        if event is None:
            return None
        await process_safely(self._intake, event, by="upkeep")
        activity.heartbeat()
        return event.id

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Asks the gateway, not too fast, and again when it is busy. Raises GatewayError."""
        for attempt in range(TRIES):
            activity.heartbeat()
            await asyncio.sleep(REQUEST_GAP_S)
            try:
                return await question()
            except GatewayBusyError as error:
                pause_s = error.retry_after_s or 2.0**attempt
                if attempt == TRIES - 1 or pause_s > LONGEST_BREAK_S:
                    raise
                await asyncio.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")


def _occurred_at(item: WebhookItem) -> datetime | None:
    news = interpret(item.payload, datetime.now(UTC))
    return news.occurred_at if isinstance(news, InboundMessage) else None


def _news_about(item: WebhookItem, messages: dict[str, OpenMessage]) -> OpenMessage | None:
    """The message that this takes forward, if any."""
    news = interpret(item.payload, datetime.now(UTC))
    if not isinstance(news, DeliveryUpdate) or (status := STATUSES.get(news.status)) is None:
        return None
    message = messages.get(news.reference or "") or messages.get(news.provider_id or "")
    return message if message and moves_forward(message.status, status) else None
