"""Starts in the future: they happen once, can be moved and removed, and never happen much too late."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.alerts import AlertActivities, Alerts
from activities.bell import SenderBell
from activities.scheduling import (
    ScheduledStartInput,
    SchedulingActivities,
    StartDecision,
    StartKeeper,
)
from api.app import create_app
from domain.identifiers import campaign_workflow_id, scheduled_start_workflow_id
from settings import Settings
from storage import campaigns, scheduling
from storage.campaigns import Campaign
from tests.api.applications import client_of
from tests.conftest import Town, eventually
from workflows.campaign import CampaignWorkflow
from workflows.scheduled_start import ScheduledStartWorkflow

SILENT: dict[str, Any] = {"script": []}
HOUR = timedelta(hours=1)


async def draft(town: Town, people: int = 1, **changes: Any) -> Campaign:
    """A campaign that would take a moment."""
    category_id, _phones = await town.people([SILENT] * people)
    return await town.campaign(category_id, [(await town.sender()).id], **changes)


def in_future(delta: timedelta) -> dict[str, str]:
    """The body of a schedule."""
    return {"start_at": (datetime.now(UTC) + delta).isoformat()}


async def status_of(town: Town, campaign: Campaign) -> str:
    """What is stored."""
    stored = await campaigns.get_campaign(town.pool, campaign.id)
    assert stored is not None
    return stored.status


@pytest.fixture
def activities(town: Town, settings: Settings, temporal: Client) -> SchedulingActivities:
    """The decision about a start, with an hour of patience."""
    return SchedulingActivities(town.pool, settings.run_settings, SenderBell(temporal), latest_start_s=3600)


async def decide(activities: SchedulingActivities, campaign: Campaign) -> StartDecision:
    """One look, as the workflow has it."""
    found: StartDecision = await ActivityEnvironment().run(activities.decide_start, campaign.id)
    return found


async def make_due(town: Town, campaign: Campaign, ago: timedelta = timedelta(0)) -> None:
    """Its time has come."""
    assert await scheduling.schedule(town.pool, campaign.id, datetime.now(UTC) - ago)


@pytest.mark.usefixtures("running_worker")
async def test_a_scheduled_campaign_starts_by_itself_and_once(
    town: Town, api: httpx.AsyncClient, temporal: Client
) -> None:
    """E1, E18; the time is kept, and everybody gets one message."""
    category_id, phones = await town.people([SILENT] * 3)
    campaign = await town.campaign(category_id, [(await town.sender()).id], window_s=0.5, grace_s=0.1)

    scheduled = await api.post(
        f"/api/campaigns/{campaign.id}/schedule", json=in_future(1.5 * timedelta(seconds=1))
    )

    assert scheduled.status_code == 202, scheduled.text
    assert scheduled.json()["status"] == "scheduled"

    async def is_closed() -> Any:
        shown = (await api.get(f"/api/campaigns/{campaign.id}")).json()
        return shown if shown["closed_at"] else None

    shown = await eventually(is_closed, what="the closing")
    late = datetime.fromisoformat(shown["started_at"]) - datetime.fromisoformat(shown["start_at"])
    assert timedelta(0) <= late < timedelta(seconds=5)
    assert (shown["close_reason"], shown["counts"]["messages_1_sent"]) == ("all_final", 3)
    for phone in phones:
        assert len(await town.journal(phone)) == 1
    runs = [run async for run in temporal.list_workflows(f"WorkflowId = '{campaign_workflow_id(campaign.id)}'")]
    assert len(runs) == 1
    again = await api.post(f"/api/campaigns/{campaign.id}/schedule", json=in_future(HOUR))
    assert (again.status_code, again.json()["title"]) == (409, "Campaign has started")


@pytest.mark.usefixtures("running_worker")
async def test_a_start_is_moved_and_removed(town: Town, api: httpx.AsyncClient, temporal: Client) -> None:
    """E18: what was moved starts at its new time; what was removed is a draft whose workflow has ended."""
    moved, removed = await draft(town, window_s=0.5, grace_s=0.1), await draft(town)
    for campaign in (moved, removed):
        await api.post(f"/api/campaigns/{campaign.id}/schedule", json=in_future(HOUR))

    await api.post(f"/api/campaigns/{moved.id}/schedule", json=in_future(timedelta(seconds=1)))
    assert (await api.delete(f"/api/campaigns/{removed.id}/schedule")).status_code == 204

    async def has_started() -> bool:
        return await status_of(town, moved) in {"running", "completed"}

    await eventually(has_started, what="the moved start")
    handle = temporal.get_workflow_handle(scheduled_start_workflow_id(removed.id))
    assert await asyncio.wait_for(handle.result(), 20) == "over"
    assert await status_of(town, removed) == "draft"
    refused = await api.delete(f"/api/campaigns/{removed.id}/schedule")
    assert (refused.status_code, refused.json()["title"]) == (409, "Campaign is not scheduled")


@pytest.mark.usefixtures("running_worker")
async def test_a_scheduled_campaign_is_changed_started_and_cancelled_by_hand(
    town: Town, api: httpx.AsyncClient
) -> None:
    """E1: until it starts it is as free as a draft."""
    by_hand, cancelled = await draft(town, window_s=0.5, grace_s=0.1), await draft(town)
    for campaign in (by_hand, cancelled):
        await api.post(f"/api/campaigns/{campaign.id}/schedule", json=in_future(HOUR))

    changed = await api.patch(f"/api/campaigns/{by_hand.id}", json={"message_1": "Other"})
    assert (changed.status_code, changed.json()["status"]) == (200, "scheduled")
    assert (await api.delete(f"/api/campaigns/{by_hand.id}")).status_code == 409
    started = await api.post(f"/api/campaigns/{by_hand.id}/start")
    assert (started.status_code, started.json()["status"]) == (202, "running")
    ended = await api.post(f"/api/campaigns/{cancelled.id}/cancel")
    assert (ended.status_code, ended.json()["status"]) == (202, "cancelled")


@pytest.mark.parametrize(
    "start_at", ["2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "2030-01-01T00:00:00", "soon"]
)
async def test_a_start_must_be_in_the_future_with_its_time_zone(
    town: Town, api: httpx.AsyncClient, start_at: str
) -> None:
    """Problem details (RFC 9457)."""
    campaign = await draft(town)

    answer = await api.post(f"/api/campaigns/{campaign.id}/schedule", json={"start_at": start_at})

    assert answer.status_code == 422
    assert "start_at" in answer.json()["detail"]
    assert await status_of(town, campaign) == "draft"


async def test_a_start_much_too_late_waits_for_a_person(
    town: Town, api: httpx.AsyncClient, activities: SchedulingActivities
) -> None:
    """E17: after a long outage nothing is sent at a wrong time of day; the API says why."""
    campaign = await draft(town)
    await make_due(town, campaign, ago=2 * HOUR)

    decision = await decide(activities, campaign)

    assert decision.action == "refused"
    shown = (await api.get(f"/api/campaigns/{campaign.id}")).json()
    assert (shown["status"], shown["start_at"]) == ("draft", None)
    assert "2.0 h ago" in shown["start_problem"]
    assert shown["start_problem_at"]
    assert (await decide(activities, campaign)).action == "over"
    rescheduled = (await api.post(f"/api/campaigns/{campaign.id}/schedule", json=in_future(HOUR))).json()
    assert (rescheduled["status"], rescheduled["start_problem"]) == ("scheduled", None)


async def test_what_does_not_fit_any_more_is_not_started(
    town: Town, api: httpx.AsyncClient, activities: SchedulingActivities
) -> None:
    """E15: the plan is checked when it starts, as by hand."""
    nobody, too_long = await draft(town), await draft(town, max_age_s=1)
    await town.pool.execute(
        "UPDATE contacts SET opted_out_at = now() WHERE id IN (SELECT contact_id FROM contact_categories "
        "WHERE category_id = $1)",
        nobody.category_ids[0],
    )
    for campaign, hint in ((nobody, "Nobody to write to"), (too_long, "raise max_age_s")):
        await make_due(town, campaign)
        decision = await decide(activities, campaign)
        assert (decision.action, decision.name) == ("refused", campaign.name)
        assert hint in (await api.get(f"/api/campaigns/{campaign.id}")).json()["start_problem"]


async def test_a_start_is_decided_by_what_is_stored(town: Town, activities: SchedulingActivities) -> None:
    """E17: a repeated look finds what the one before did; a start that was moved waits."""
    campaign = await draft(town)
    assert (await decide(activities, campaign)).action == "over"
    assert await scheduling.schedule(town.pool, campaign.id, datetime.now(UTC) + HOUR)
    waiting = await decide(activities, campaign)
    assert waiting.action == "wait"
    assert 3500 < waiting.wait_s <= 3600

    await make_due(town, campaign)
    assert [(await decide(activities, campaign)).action for _ in range(2)] == ["start", "start"]
    assert await status_of(town, campaign) == "running"
    assert not await scheduling.start_due(town.pool, campaign.id, datetime.now(UTC))
    unknown = StartDecision(action="over")
    assert (
        await ActivityEnvironment().run(activities.decide_start, "00000000-0000-0000-0000-000000000000")
        == unknown
    )


async def test_a_start_survives_a_restart_of_the_worker(
    town: Town, temporal: Client, activities: SchedulingActivities
) -> None:
    """E17: the timer is Temporal's; while no worker runs it waits, and then starts the campaign once."""
    campaign = await draft(town)
    queue = f"schedules-{campaign.id}"

    def worker() -> Worker:
        return Worker(
            temporal,
            task_queue=queue,
            workflows=[ScheduledStartWorkflow, CampaignWorkflow],
            activities=[activities.decide_start, AlertActivities(Alerts([])).send_alert],
        )

    await scheduling.schedule(town.pool, campaign.id, datetime.now(UTC) + timedelta(seconds=2))
    async with worker():
        handle = await temporal.start_workflow(
            ScheduledStartWorkflow.run,
            ScheduledStartInput(campaign_id=campaign.id),
            id=scheduled_start_workflow_id(campaign.id),
            task_queue=queue,
        )

        async def waits() -> bool:
            events = (await handle.fetch_history()).events
            return any(event.HasField("timer_started_event_attributes") for event in events)

        await eventually(waits, what="the timer")

    async def is_due() -> bool:
        found = await scheduling.look(town.pool, campaign.id)
        return found is not None and (found.due_in_s or 0) < 0

    await eventually(is_due, what="its time")
    assert await status_of(town, campaign) == "scheduled"
    async with worker():
        assert await asyncio.wait_for(handle.result(), 30) == "start"
    assert await status_of(town, campaign) == "running"
    await temporal.get_workflow_handle(campaign_workflow_id(campaign.id)).terminate("the test is over")


async def test_people_are_told_of_a_start_that_did_not_happen(
    town: Town, temporal: Client, activities: SchedulingActivities
) -> None:
    """E18: an alert goes out, once."""
    campaign = await draft(town)
    await make_due(town, campaign, ago=2 * HOUR)
    queue = f"schedules-{campaign.id}"
    async with Worker(
        temporal,
        task_queue=queue,
        workflows=[ScheduledStartWorkflow],
        activities=[activities.decide_start, AlertActivities(Alerts([])).send_alert],
    ):
        handle = await temporal.start_workflow(
            ScheduledStartWorkflow.run,
            ScheduledStartInput(campaign_id=campaign.id),
            id=scheduled_start_workflow_id(campaign.id),
            task_queue=queue,
        )
        assert await asyncio.wait_for(handle.result(), 30) == "refused"

    events = (await handle.fetch_history()).events
    done = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert done == ["decide_start", "send_alert"]


async def test_a_schedule_is_kept_while_temporal_is_away(
    town: Town, settings: Settings, temporal: Client
) -> None:
    """E17: it is stored and answered; the worker sees to it that something waits for it."""
    campaign = await draft(town)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{taken.getsockname()[1]}"
        app = create_app(settings.model_copy(update={"temporal_address": nowhere, "public_url": None}))
        async with client_of(app) as api:
            answer = await api.post(f"/api/campaigns/{campaign.id}/schedule", json=in_future(HOUR))
    assert (answer.status_code, answer.json()["status"]) == (202, "scheduled")

    keeper = asyncio.create_task(StartKeeper(town.pool, temporal).run())
    handle = temporal.get_workflow_handle(scheduled_start_workflow_id(campaign.id))

    async def waits() -> bool:
        found = [run async for run in temporal.list_workflows(f"WorkflowId = '{handle.id}'")]
        return len(found) == 1

    await eventually(waits, what="the workflow of the start")
    keeper.cancel()
    await scheduling.unschedule(town.pool, campaign.id)
