"""A start that meets an outage or a cancel half-way: the answer is true, and no workflow is left over."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from api.app import create_app
from domain.campaign_progress import CampaignInput
from domain.identifiers import CAMPAIGN_QUEUE, campaign_workflow_id
from settings import Settings
from storage import campaigns, drafts
from storage.campaigns import Campaign
from tests.api.applications import client_of
from tests.api.cuttable import cuttable_way
from tests.conftest import Town, eventually
from workflows.campaign import CampaignWorkflow

SILENT: dict[str, Any] = {"script": []}


async def draft(town: Town) -> Campaign:
    """To one silent person."""
    category_id, _phones = await town.people([SILENT])
    return await town.campaign(category_id, [(await town.sender()).id])


@asynccontextmanager
async def api_that(
    between: Callable[[], Awaitable[Any]], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """An application where this happens right after a workflow was started."""
    app = create_app(settings)
    async with client_of(app) as client:
        temporal: Client = app.state.resources.temporal
        start = temporal.start_workflow

        async def start_and_then(*given: Any, **options: Any) -> Any:
            try:
                return await start(*given, **options)
            finally:
                await between()

        monkeypatch.setattr(temporal, "start_workflow", start_and_then)
        yield client


async def status_of(town: Town, campaign: Campaign) -> str:
    """As stored."""
    found = await campaigns.get_campaign(town.pool, campaign.id)
    assert found is not None
    return found.status


@pytest.mark.usefixtures("running_worker")
async def test_a_start_whose_database_goes_away_is_not_said_to_have_changed_nothing(
    town: Town, api: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E1, E17: the worker starts it, so nobody may hear that it did not."""
    campaign = await draft(town)
    async with cuttable_way(str(settings.database_url)) as way:
        here = settings.model_copy(update={"database_url": way.url, "public_url": None})
        async with api_that(way.cut, here, monkeypatch) as client:
            answer = await client.post(f"/api/campaigns/{campaign.id}/start")
            await way.open()

    assert (answer.status_code, answer.json()["title"]) == (503, "Start not confirmed")
    assert "nothing was changed" not in answer.text

    async def runs() -> bool:
        return await status_of(town, campaign) != "draft"

    await eventually(runs, what="the start that was handed over")
    assert (await api.post(f"/api/campaigns/{campaign.id}/cancel")).status_code in {202, 409}


async def test_a_change_whose_database_goes_away_may_have_been_made(town: Town, settings: Settings) -> None:
    """E17: the client is told to look first; a read may just be repeated."""
    campaign = await draft(town)
    async with cuttable_way(str(settings.database_url)) as way:
        here = settings.model_copy(update={"database_url": way.url, "public_url": None})
        async with client_of(create_app(here)) as client:
            await way.cut()
            read = await client.get(f"/api/campaigns/{campaign.id}")
            change = await client.patch(f"/api/campaigns/{campaign.id}", json={"name": "x"})
            await way.open()
    assert (read.status_code, change.status_code) == (503, 503)
    assert "nothing was changed" not in read.text + change.text
    assert "look whether it was" in change.json()["detail"]
    assert "try again" in read.json()["detail"]


async def test_a_start_that_a_cancel_overtakes_is_refused(
    town: Town, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E15: no 202 for what will not run."""
    campaign = await draft(town)

    async def cancel() -> None:
        # A worker may have been quicker than the cancel: the draft that is cancelled has not been opened.
        await town.pool.execute("DELETE FROM campaign_contacts WHERE campaign_id = $1", campaign.id)
        await town.pool.execute(
            "UPDATE campaigns SET status = 'cancelled', closed_at = now(), close_reason = 'cancelled' "
            "WHERE id = $1",
            campaign.id,
        )

    async with api_that(cancel, settings.model_copy(update={"public_url": None}), monkeypatch) as client:
        answer = await client.post(f"/api/campaigns/{campaign.id}/start")

    assert (answer.status_code, answer.json()["title"]) == (409, "Campaign has ended")
    assert "while it was being started" in answer.json()["detail"]


@pytest.mark.usefixtures("running_worker")
async def test_a_workflow_of_a_campaign_that_is_cancelled_or_gone_ends(town: Town, temporal: Client) -> None:
    """E14, E17: it does not try for ever to open what nobody wants opened."""
    cancelled, deleted = await draft(town), await draft(town)
    assert await campaigns.cancel_draft(town.pool, cancelled.id)
    assert await drafts.delete(town.pool, deleted.id)
    for campaign in (cancelled, deleted):
        result = await temporal.execute_workflow(
            CampaignWorkflow.run,
            CampaignInput(campaign_id=campaign.id),
            id=campaign_workflow_id(campaign.id),
            task_queue=CAMPAIGN_QUEUE,
            rpc_timeout=timedelta(seconds=20),
        )
        assert result.startswith("nothing to run: ")
    assert await status_of(town, cancelled) == "cancelled"


async def test_cancelling_a_draft_tells_the_workflow_that_is_starting_it(
    town: Town, api: httpx.AsyncClient, temporal: Client
) -> None:
    """E15: its status says "draft" a moment longer than its workflow is there."""
    campaign = await draft(town)
    handle = await temporal.start_workflow(
        CampaignWorkflow.run,
        CampaignInput(campaign_id=campaign.id),
        id=campaign_workflow_id(campaign.id),
        task_queue="served by nobody",
    )
    answer = await api.post(f"/api/campaigns/{campaign.id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    signals = [
        event.workflow_execution_signaled_event_attributes.signal_name
        async for event in handle.fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    await handle.terminate("the test is over")
    assert signals == ["cancel"]
