"""Upkeep end to end: each thing is really lost, and a run really brings it back. The journal is the judge."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client

from activities.upkeep_starts import start_upkeep
from domain.upkeep import FindingKind, UpkeepReason
from storage import upkeep
from storage.upkeep import UpkeepRun
from tests.conftest import eventually
from tests.test_pausing import House, Json, Mailing, mailing, open_house

REPLIES_AT_ONCE: Json = {"script": [{"after_s": 0.2, "kind": "text"}]}
SILENT: Json = {"script": []}
PATIENCE_S = 0.5


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[House]:
    """One for all tests here; what is half a second old counts as left behind."""
    async with open_house(upkeep_patience_s=PATIENCE_S) as opened:
        yield opened


@pytest.fixture
async def temporal(house: House) -> Client:
    """The Temporal of that house."""
    return await Client.connect(house.servers.temporal_address)


async def run_upkeep(house: House, temporal: Client) -> UpkeepRun:
    """One whole run, and its report."""
    await asyncio.sleep(2 * PATIENCE_S)
    workflow_id = await start_upkeep(temporal, UpkeepReason.PERSON)
    await temporal.get_workflow_handle(workflow_id).result()
    [run] = await upkeep.latest_runs(house.town.pool)
    assert run.finished_at is not None
    return run


def found(run: UpkeepRun) -> dict[str, tuple[int, int]]:
    """By kind: how much was found, and how much of it repaired."""
    return {
        finding["kind"]: (finding["found"], finding["fixed"])
        for part in run.looked
        for finding in part["findings"]
    }


async def lose_webhooks(house: House, event: str, **which: Any) -> None:
    """The gateway never tells us of such events."""
    fault = {"target": "webhook", "kind": "drop", "count": None, "match_event": event, **which}
    (await house.town.sandbox.post("/control/faults", json=fault)).raise_for_status()


@pytest.fixture(autouse=True)
async def no_faults_left(house: House) -> AsyncIterator[None]:
    """Each test plans its own."""
    yield
    (await house.town.sandbox.delete("/control/faults")).raise_for_status()


async def test_a_reply_whose_webhook_was_lost_still_earns_its_message_2(house: House, temporal: Client) -> None:
    """E5, E9, E13: the gateway's history tells what its webhook did not."""
    await lose_webhooks(house, "message:in:new")
    sent = await mailing(house, [REPLIES_AT_ONCE, SILENT], window_s=60)
    await sent.until_accepted(2)
    await until_heard(house, sent, 1)
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.MISSED_REPLY] == (1, 1)
    await sent.until_accepted(1, "Thank you")
    again = await run_upkeep(house, temporal)
    assert FindingKind.MISSED_REPLY not in found(again)
    assert len(await sent.accepted("Thank you")) == 1


async def until_heard(house: House, sent: Mailing, count: int) -> None:
    """Waits until so many people have written, by the gateway's own history."""

    async def wrote() -> bool:
        answer = await house.town.sandbox.get(
            f"/v1/chat/{sent.sender.device_id}/messages", params={"flow": "inbound"}
        )
        return len(answer.json()) >= count

    await eventually(wrote, what="the replies")
