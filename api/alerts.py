"""Alerts: what needs people, who hears of it, and a test of that; and the watch behind it, in each process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from activities.alerts import Alerts
from activities.presence import Presence, Probe, here, temporal_probe
from activities.watch import AlertWatch
from api.dependencies import Needs, Resources
from api.guard import CurrentCaller
from api.listing import as_page, read_key
from api.pages import Cursor, Page, PageSize
from api.problems import PROBLEM_RESPONSES, Problem
from domain.alerts import Stage, words_for, words_for_test
from storage import alerts as stored
from storage import audit
from storage.alerts import StoredAlert
from storage.cache import Cache


@asynccontextmanager
async def _run_watch(app: FastAPI) -> AsyncIterator[None]:
    needs: Resources = app.state.resources
    cache: Cache = app.state.cache
    probes: dict[str, Probe] = {"temporal": temporal_probe(needs.temporal)}
    if needs.settings.redis_url:
        probes["redis"] = cache.ping
    destinations = app.state.alerts = Alerts([url.get_secret_value() for url in needs.settings.alert_urls])
    watch = AlertWatch(
        needs.pool,
        destinations,
        needs.settings.alert_thresholds,
        components=("api", "worker", *probes),
        language=needs.settings.alert_language,
        webhook_url=needs.settings.public_url or "",
        speaks_for_database=True,
    )
    running = [
        asyncio.create_task(watch.run()),
        asyncio.create_task(Presence(needs.pool, {"api": here, **probes}).run()),
    ]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


router = APIRouter(prefix="/api", tags=["alerts"], responses=PROBLEM_RESPONSES, lifespan=_run_watch)


class AlertOut(BaseModel):
    """One alert, in the language in which people are told."""

    id: str
    kind: str = Field(
        description="component_down, sender_stopped, sender_errors, quota_high, webhook_silence, "
        "upkeep_findings, installation_held or another"
    )
    subject: str = Field(description="What it is about: a sender's id, a component; empty: the whole")
    title: str
    text: str
    opened_at: AwareDatetime
    resolved_at: AwareDatetime | None = Field(description="Null: it lasts")
    told: bool = Field(description="Whether a notice of it has reached every destination")


class DestinationOut(BaseModel):
    """Where alerts go. The address holds secrets and is never shown."""

    service: str = Field(description="Such as slack or mailto")
    understood: bool = Field(description="False: nothing can be sent there, its URL is wrong")


class TestedOut(BaseModel):
    """One destination after a test."""

    service: str
    reached: bool


@router.get("/alerts")
async def list_alerts(
    needs: Needs,
    *,
    limit: PageSize = 50,
    cursor: Cursor = None,
    only_open: Annotated[bool, Query(description="Only those that last")] = False,
) -> Page[AlertOut]:
    """Alerts, the newest first; those that are over are kept for 90 days."""
    found = await stored.list_alerts(
        needs.pool, limit, after=read_key("alerts", cursor, 1), only_open=only_open
    )
    page = as_page("alerts", found)
    return Page(items=[_shown(needs, alert) for alert in page.items], next_cursor=page.next_cursor)


@router.get("/alerts/destinations")
async def list_destinations(request: Request) -> list[DestinationOut]:
    """Where alerts go, as RELANCE_ALERT_URLS says; none: they are only shown here."""
    destinations: Alerts = request.app.state.alerts
    return [DestinationOut(service=each.service, understood=each.understood) for each in destinations.shown()]


@router.post("/alerts/test")
async def send_test(request: Request, needs: Needs, caller: CurrentCaller) -> list[TestedOut]:
    """Sends a test to every destination, and says which of them took it. Answers 409 if there is none."""
    destinations: Alerts = request.app.state.alerts
    if not destinations.destinations:
        raise Problem(409, "No destination", "set RELANCE_ALERT_URLS, then restart the API and the workers")
    title, body = words_for_test(needs.settings.alert_language)
    reached = await destinations.deliver(title=title, body=body)
    tested = [
        TestedOut(service=each.service, reached=position in reached)
        for position, each in enumerate(destinations.shown())
    ]
    await audit.note(
        needs.pool,
        caller.actor,
        "alerts.tested",
        "alerts",
        "test",
        after={"reached": len(reached), "destinations": len(tested)},
    )
    return tested


def _shown(needs: Resources, alert: StoredAlert) -> AlertOut:
    title, text = words_for(
        alert.kind,
        alert.subject,
        alert.facts,
        stage=Stage.RAISED,
        lasted_s=0,
        language=needs.settings.alert_language,
    )
    return AlertOut(
        id=alert.id,
        kind=alert.kind,
        subject=alert.subject,
        title=title,
        text=text,
        opened_at=alert.opened_at,
        resolved_at=alert.resolved_at,
        told=alert.told,
    )
