"""Receives webhooks: authenticate, store, answer, and only then work the event off.

Whatever was answered 200 is stored. Nonsense is stored as rejected and answered 200, because anything else
would make the provider send it for a day. A body that cannot be stored is answered 503, so that it comes again.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import Annotated, Any

import asyncpg
import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from activities.intake import Intake, process_safely
from api.dependencies import Needs, Resources
from api.problems import Problem
from metrics import WEBHOOKS_RECEIVED
from providers import meta_events, wassenger_events
from providers.base import UnreadableWebhookError, WebhookItem
from storage import webhook_events
from storage.database import Pool
from storage.webhook_events import OptOut, WebhookEvent
from tracing import current_carrier, tracer

log = structlog.get_logger(__name__)

router = APIRouter(tags=["webhooks"])

MOST_AT_ONCE = 32
DRAIN_S = 5.0

# What PostgreSQL says of content that it cannot hold, as opposed to not being able to store anything now.
_BAD_CONTENT = (asyncpg.DataError, asyncpg.StatementTooComplexError, asyncpg.ProgramLimitExceededError)
_NOT_STORED = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


Split = Callable[[bytes], list[WebhookItem]]


class Received(BaseModel):
    """How many events of the body were new, known, or unreadable."""

    stored: int = 0
    known: int = 0
    rejected: int = 0


class WebhookDesk:
    """Works events off behind the answer, a bounded number at a time."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    def hand_over(self, event: WebhookEvent) -> None:
        """Returns at once. What a crash cuts short, the relay of the worker picks up."""
        task = asyncio.create_task(self._work_off(event))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def opt_out_in(self, payload: dict[str, Any]) -> OptOut | None:
        """Who asks to hear nothing more: that is in force before the answer, whatever dies after it."""
        return await self._intake.opt_out_in(payload)

    async def _work_off(self, event: WebhookEvent) -> None:
        async with self._free:
            await process_safely(self._intake, event, by="receiver")

    async def drain(self) -> None:
        """Gives what is running a few seconds to end."""
        if self._running:
            await asyncio.wait(self._running, timeout=DRAIN_S)


@router.post("/webhooks/wassenger/{secret}", include_in_schema=False)
async def receive_wassenger(secret: str, request: Request, needs: Needs) -> Received:
    """Wassenger posts here; the secret in the path is how it proves itself."""
    expected = needs.settings.webhook_secret
    if expected is None or not hmac.compare_digest(secret.encode(), expected.get_secret_value().encode()):
        WEBHOOKS_RECEIVED.labels("refused").inc()
        log.warning("webhook with a wrong secret")
        raise Problem(401, "Unauthorized", "the webhook secret is wrong")
    return await _received(request, needs, await request.body(), wassenger_events.split_webhook)


@router.get("/webhooks/meta", include_in_schema=False)
async def verify_meta(
    needs: Needs,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=200)] = "",
    token: Annotated[str, Query(alias="hub.verify_token", max_length=500)] = "",
) -> PlainTextResponse:
    """Meta asks whether this address expects its webhooks: whoever knows the token gets the challenge back."""
    expected = needs.settings.meta_verify_token
    is_known = expected is not None and hmac.compare_digest(
        token.encode(), expected.get_secret_value().encode()
    )
    if mode != "subscribe" or not is_known:
        log.warning("handshake of Meta with a wrong token")
        raise Problem(403, "Forbidden", "the verify token is wrong")
    return PlainTextResponse(challenge)


@router.post("/webhooks/meta", include_in_schema=False)
async def receive_meta(request: Request, needs: Needs) -> Received:
    """Meta posts here; its signature of the very bytes is how it proves itself."""
    secret = needs.settings.meta_app_secret
    raw = await request.body()
    signature = request.headers.get("X-Hub-Signature-256")
    if secret is None or not meta_events.is_signed(raw, signature, secret.get_secret_value()):
        WEBHOOKS_RECEIVED.labels("refused").inc()
        log.warning("webhook of Meta with a wrong signature")
        raise Problem(401, "Unauthorized", "the signature is wrong")
    return await _received(request, needs, raw, meta_events.split_webhook)


async def _received(request: Request, needs: Resources, raw: bytes, split: Split) -> Received:
    try:
        received = await _store(needs.pool, request.app.state.webhook_desk, raw, split)
    except _NOT_STORED as error:
        WEBHOOKS_RECEIVED.labels("not_stored").inc()
        log.exception("webhook not stored, the provider will send it again")
        raise Problem(503, "Not stored", "the database is not available, please send this again") from error
    for result, number in received:
        WEBHOOKS_RECEIVED.labels(result).inc(number)
    return received


async def _store(pool: Pool, desk: WebhookDesk, raw: bytes, split: Split) -> Received:
    try:
        items = split(raw)
    except UnreadableWebhookError as error:
        await _reject(pool, raw, str(error))
        return Received(rejected=1)
    received = Received()
    for item in items:
        try:
            with tracer.start_as_current_span("store webhook"):
                event = await webhook_events.store_event(
                    pool,
                    key=item.key,
                    event=item.event,
                    payload=item.payload,
                    opt_out=await desk.opt_out_in(item.payload),
                    trace=current_carrier(),
                )
        except _BAD_CONTENT as error:
            await _reject(pool, raw, str(error))
            received.rejected += 1
            continue
        if event is None:
            received.known += 1
        else:
            received.stored += 1
            desk.hand_over(event)
    return received


async def _reject(pool: Pool, raw: bytes, reason: str) -> None:
    log.warning("webhook rejected", reason=reason[:200], size=len(raw))
    await webhook_events.store_rejected(pool, raw, reason)
