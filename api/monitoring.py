"""What operators ask: what was sent, what may still be sent, what failed, who is alive, and are we ready."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from api.caching import MONITORING, Cached, answer
from api.dependencies import Needs, Resources
from api.problems import PROBLEM_RESPONSES
from domain.uptime import TARGET
from storage import database, monitoring, uptime
from storage.monitoring import SenderRoom
from storage.uptime import ComponentUptime

CHECK_S = 2.0
FAILURES_SHOWN = 20


@asynccontextmanager
async def _note_start(app: FastAPI) -> AsyncIterator[None]:
    app.state.started_at = datetime.now(UTC)
    app.state.schema_is_current = False
    yield


router = APIRouter(tags=["operations"], responses=PROBLEM_RESPONSES, lifespan=_note_start)


class SentOut(BaseModel):
    """Since midnight in UTC."""

    message_1: int
    message_2: int
    failures: int


class SenderRoomOut(BaseModel):
    """What a sender does, and what it may still send. Rates from 0 to 1."""

    id: str
    name: str
    status: str
    state: str
    reason: str | None
    quota: int | None = Field(description="Messages in any 24 hours; unset: not looked at yet")
    sent_in_a_day: int = Field(description="Messages in the last 24 hours")
    quota_left: int
    reply_rate: float
    error_rate: float
    capacity_contacts: int = Field(
        description="More contacts it can write to now, with room kept for those who may reply"
    )


class FailureOut(BaseModel):
    """A message that failed for good, or a single attempt that did."""

    at: AwareDatetime
    what: Literal["message", "attempt"]
    message_type: str | None
    campaign_id: str
    campaign_name: str | None = Field(description="Null: it is gone")
    contact_id: str | None
    contact_name: str | None
    contact_phone: str | None
    sender_id: str
    reason: str


class WorkerOut(BaseModel):
    """A worker process by its last heartbeat."""

    id: str
    host: str
    process_id: int
    roles: list[str] = Field(description="What it does: workflows, sending, upkeep")
    build_id: str | None = Field(description="Its version, where workers are versioned")
    started_at: AwareDatetime
    beat_at: AwareDatetime
    alive: bool


class UptimeWindowOut(BaseModel):
    """One window, which begins no earlier than the first measurement."""

    window: Literal["24h", "7d", "30d"]
    share: float | None = Field(description="From 0 to 1; null: nothing measured yet")
    down_s: float = Field(description="Seconds without it, planned stops included")
    stopped_s: float = Field(description="The part of `down_s` that began with an orderly stop")
    outages: int


class UptimeOut(BaseModel):
    """How much of the time a part of Relance was up; several processes of a kind count as one."""

    component: str = Field(description="api, worker, temporal or redis")
    up: bool
    seen_at: AwareDatetime
    windows: list[UptimeWindowOut]


class InstallationOut(BaseModel):
    """How the installation does."""

    sent_today: SentOut
    quota_left: int = Field(description="Of all active senders together")
    capacity_contacts: int
    senders: list[SenderRoomOut]
    last_errors: list[FailureOut]
    workers_alive: int
    workers: list[WorkerOut] = Field(description="The latest first; those that died within a week too")
    uptime: list[UptimeOut]
    uptime_target: float = Field(description="The share that is aimed at")
    as_of: AwareDatetime


class MonitoringOut(InstallationOut):
    """How the installation does, and since when this process answers."""

    api_started_at: AwareDatetime
    uptime_s: float = Field(description="Of this API process")


class ReadyOut(BaseModel):
    """Whether requests should come here, and what was looked at."""

    ready: bool
    checks: dict[str, str] = Field(description="ok, degraded, or what is wrong")


@router.get("/api/monitoring/stats")
async def get_monitoring(request: Request, needs: Needs, cache: Cached) -> MonitoringOut:
    """What was sent today, what the quotas leave, the latest errors, and the workers that live."""

    async def load() -> InstallationOut:
        return await _look(needs)

    # The cache is shared between processes; what is true of one alone is added afterwards.
    installation = json.loads(bytes((await answer(cache, MONITORING, load)).body))
    started_at: datetime = request.app.state.started_at
    uptime_s = round((datetime.now(UTC) - started_at).total_seconds(), 1)
    return MonitoringOut(**installation, api_started_at=started_at, uptime_s=uptime_s)


async def _look(needs: Resources) -> InstallationOut:
    sent, senders, failures, workers, components = await asyncio.gather(
        monitoring.sent_today(needs.pool),
        monitoring.sender_room(needs.pool),
        monitoring.latest_failures(needs.pool, FAILURES_SHOWN),
        monitoring.list_workers(needs.pool),
        uptime.report(needs.pool),
    )
    return InstallationOut(
        sent_today=SentOut(
            message_1=sent.messages_1_sent, message_2=sent.messages_2_sent, failures=sent.failures
        ),
        quota_left=sum(sender.quota_left for sender in senders if sender.status == "active"),
        capacity_contacts=sum(sender.capacity_contacts for sender in senders),
        senders=[_shown(sender) for sender in senders],
        last_errors=[FailureOut.model_validate(failure, from_attributes=True) for failure in failures],
        workers_alive=sum(worker.alive for worker in workers),
        workers=[WorkerOut.model_validate(worker, from_attributes=True) for worker in workers],
        uptime=[_uptime(component) for component in components],
        uptime_target=TARGET,
        as_of=datetime.now(UTC),
    )


def _uptime(component: ComponentUptime) -> UptimeOut:
    return UptimeOut(
        component=component.component,
        up=component.up,
        seen_at=component.seen_at,
        windows=[
            UptimeWindowOut.model_validate({"window": name, **asdict(measured), "share": measured.share})
            for name, measured in component.windows.items()
        ],
    )


def _shown(sender: SenderRoom) -> SenderRoomOut:
    return SenderRoomOut.model_validate(sender, from_attributes=True)


@router.get("/readyz", response_model=ReadyOut, responses={503: {"model": ReadyOut}})
async def get_ready(request: Request, response: Response, needs: Needs, cache: Cached) -> ReadyOut:
    """Ready when the database, with all migrations, and Temporal answer; without Redis it is only slower."""
    checks = dict(
        zip(
            ("database", "migrations", "temporal"),
            await asyncio.gather(
                _checked(needs.pool.fetchval("SELECT 1", timeout=CHECK_S)),
                _checked(_check_migrations(request.app, needs)),
                _checked(_check_temporal(needs)),
            ),
            strict=True,
        )
    )
    ready = all(outcome == "ok" for outcome in checks.values())
    response.status_code = 200 if ready else 503
    return ReadyOut(ready=ready, checks={**checks, "redis": "ok" if await cache.ping() else "degraded"})


async def _checked(check: Awaitable[object]) -> str:
    try:
        await asyncio.wait_for(check, CHECK_S)
    except Exception as error:
        # The type says enough: messages of drivers may hold addresses and names.
        return str(error) if isinstance(error, NotReadyError) else f"no answer ({type(error).__name__})"
    return "ok"


class NotReadyError(Exception):
    """It answers, and is not what we need."""


async def _check_migrations(app: FastAPI, needs: Resources) -> None:
    if app.state.schema_is_current:  # a process never sees its schema go back
        return
    missing = await database.missing_migrations(needs.settings.database_url or "")
    if missing:
        raise NotReadyError(f"migrations are missing: {', '.join(missing)}")
    app.state.schema_is_current = True


async def _check_temporal(needs: Resources) -> None:
    if not await needs.temporal.service_client.check_health(timeout=timedelta(seconds=CHECK_S)):
        raise NotReadyError("Temporal runs, but does not serve")
