"""Reported: two servers, each with its scheduler, took up one campaign, and everybody got everything twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from temporalio.client import Client

from domain.identifiers import campaign_workflow_id
from local.ports import Ports
from tests.conftest import AUTHORIZED, eventually
from tests.scenarios.conftest import ended_well
from tests.test_pausing import RATE_PER_S, House, Mailing, reacting
from tests.test_shutdown import process_of

CONTACTS = 12


async def scheduled(house: House, delay_s: float) -> Mailing:
    """A campaign that starts by itself after so long."""
    sender = await house.town.sender(rate_per_s=RATE_PER_S)
    category_id, phones = await house.town.people(reacting(CONTACTS))
    campaign = await house.town.campaign(category_id, [sender.id], window_s=10)
    start_at = datetime.now(UTC) + timedelta(seconds=delay_s)
    await house.post(f"/api/campaigns/{campaign.id}/schedule", start_at=start_at.isoformat())
    return Mailing(house, sender, campaign.id, phones)


async def test_everybody_starts_it_at_once_and_it_runs_once(house: House) -> None:
    """E1, E9: its date comes while two API processes start it again and again; two workers share the work."""
    settings = house.settings.model_copy(update={"api_port": Ports.ephemeral().api})
    async with (
        process_of(settings, "-m", "api", ready="Uvicorn running"),
        httpx.AsyncClient(base_url=settings.effective_api_url, timeout=30, headers=AUTHORIZED) as other,
    ):
        run = await scheduled(house, 0.6)

        async def is_due() -> bool:
            return bool((await house.api.get(run.path)).json()["status"] == "running")

        due = asyncio.create_task(eventually(is_due, what="its start by itself"))
        await asyncio.sleep(0.5)
        answers = await asyncio.gather(
            *(client.post(f"{run.path}/start") for _ in range(5) for client in (house.api, other))
        )
        await due
    assert {answer.status_code for answer in answers} <= {202, 409}, [answer.text for answer in answers]
    await ended_well(run, answered=CONTACTS)
    temporal = await Client.connect(house.servers.temporal_address)
    runs = await temporal.count_workflows(f"WorkflowId = '{campaign_workflow_id(run.id)}'")
    assert runs.count == 1
