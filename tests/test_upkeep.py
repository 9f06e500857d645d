"""Upkeep end to end: each thing is really lost, and a run really brings it back. The journal is the judge."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.upkeep_starts import UpkeepKeeper, start_upkeep
from domain.identifiers import UPKEEP_SCHEDULE_ID, batch_workflow_id, campaign_workflow_id
from domain.upkeep import FindingKind, UpkeepReason
from storage import upkeep
from storage.senders import Sender
from storage.upkeep import UpkeepRun
from tests.conftest import eventually
from tests.test_pausing import YEAR_S, House, Json, Mailing, mailing, open_house

REPLIES_AT_ONCE: Json = {"script": [{"after_s": 0.2, "kind": "text"}]}
SILENT: Json = {"script": []}
PATIENCE_S = 0.5


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[House]:
    """One for all tests here; what is half a second old counts as left behind."""
    async with open_house(upkeep_patience_s=PATIENCE_S) as opened:
        yield opened


@pytest.fixture(scope="module")
async def sender(house: House) -> Sender:
    """One for all tests here: a run asks the gateway about every sender that there is."""
    return await house.town.sender(rate_per_s=20)


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
    await house.town.fault(target="webhook", kind="drop", count=None, match_event=event, **which)


@pytest.fixture(autouse=True)
async def no_faults_left(house: House) -> AsyncIterator[None]:
    """Each test plans its own."""
    yield
    (await house.town.sandbox.delete("/control/faults")).raise_for_status()


async def test_a_reply_whose_webhook_was_lost_still_earns_its_message_2(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E5, E9, E13: the gateway's history tells what its webhook did not."""
    await lose_webhooks(house, "message:in:new")
    sent = await mailing(house, [REPLIES_AT_ONCE, SILENT], window_s=60, sender=sender)
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


async def test_an_acknowledgement_that_was_lost_is_recovered(
    house: House, temporal: Client, sender: Sender
) -> None:
    """W3: a message whose news never came is asked for by its id."""
    await lose_webhooks(house, "message:out:ack")
    sent = await mailing(house, [SILENT], window_s=60, sender=sender)
    await sent.until_accepted(1)

    async def delivered() -> bool:
        journal = await house.town.journal(sent.phones[0])
        return bool(journal) and journal[0]["status"] == "processed"

    await eventually(delivered, what="the delivery")
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.MISSED_STATUS] == (1, 1)
    counts = (await house.api.get(sent.path)).json()["counts"]
    assert counts["messages_delivered"] == 1


async def test_a_reaction_whose_webhook_was_lost_counts(house: House, temporal: Client, sender: Sender) -> None:
    """E7: also one without words, as far as the gateway's history has it."""
    await lose_webhooks(house, "message:reaction")
    sent = await mailing(
        house, [{"script": [{"after_s": 0.2, "kind": "reaction"}]}], window_s=60, sender=sender
    )
    await until_heard(house, sent, 1)
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.MISSED_REPLY] == (1, 1)
    await sent.until_accepted(1, "Thank you")


async def test_an_outcome_that_nobody_awaits_any_more_is_found_out(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E17: the worker has posted, and its contact's workflow was ended before the answer came."""
    await house.town.fault(target="messages.post", kind="accept_then_timeout", delay_s=60)
    sent = await mailing(house, [SILENT], window_s=60, sender=sender)
    await sent.until_accepted(1)
    await temporal.get_workflow_handle(batch_workflow_id(sent.id, 0)).terminate("an operator")
    await house.town.pool.execute(
        "UPDATE campaign_contacts SET state = 'failed' WHERE campaign_id = $1", sent.id
    )
    await eventually(lambda: _unresolved(house, sent), what="the unknown outcome")
    await lose_webhooks(house, "message:out:ack")
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.UNKNOWN_OUTCOME] == (1, 1)
    outcome = await house.town.pool.fetchval("SELECT outcome FROM sends WHERE campaign_id = $1", sent.id)
    assert outcome == "accepted"
    assert len(await sent.accepted()) == 1


async def _unresolved(house: House, sent: Mailing) -> bool:
    return bool(
        await house.town.pool.fetchval(
            "SELECT count(*) FROM sends WHERE campaign_id = $1 AND (outcome IS NULL OR outcome = 'unknown')",
            sent.id,
        )
    )


@pytest.mark.parametrize("status", ["failed", "gone", "elsewhere"])
async def test_the_webhook_is_registered_again(house: House, temporal: Client, status: str) -> None:
    """A missing webhook looks exactly like people who do not answer."""
    sandbox = house.town.sandbox
    [webhook] = (await sandbox.get("/v1/webhooks")).json()
    if status == "failed":
        await sandbox.patch(f"/control/webhooks/{webhook['id']}", json={"status": "failed"})
    elif status == "gone":
        await sandbox.delete(f"/v1/webhooks/{webhook['id']}")
    else:
        address = webhook["url"].rpartition("/")[0] + "/other"
        await sandbox.patch(f"/v1/webhooks/{webhook['id']}", json={"url": address})
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.WEBHOOK] == (1, 1)
    [repaired] = (await sandbox.get("/v1/webhooks")).json()
    assert (repaired["status"], repaired["url"]) == ("active", webhook["url"])
    assert house.settings.webhook_secret is not None
    assert house.settings.webhook_secret.get_secret_value() not in str(run.looked)


async def test_contacts_whose_workflows_were_ended_are_taken_up_again(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E13, E17: with their batch, which then tells its campaign; nobody gets Message 1 twice."""
    sent = await mailing(
        house, [{"script": [{"after_s": 3, "kind": "text"}]}, SILENT], window_s=4, sender=sender
    )
    await sent.until_accepted(2)
    await until_waiting(house, sent, 2)
    await temporal.get_workflow_handle(batch_workflow_id(sent.id, 0)).terminate("an operator")
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.BATCH_WITHOUT_WORKFLOW] == (1, 1)
    closed = await sent.until_closed()
    assert closed["close_reason"] == "all_final"
    states = closed["counts"]["contacts_by_state"]
    assert (states["message_2_sent"], states["no_interaction"]) == (1, 1)
    assert (len(await sent.accepted()), len(await sent.accepted("Thank you"))) == (2, 1)


async def test_a_contact_that_replied_while_it_had_no_workflow_gets_its_message_2(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E5: the reply is stored, and its workflow is told once there is one again."""
    sent = await mailing(
        house, [{"script": [{"after_s": 2.5, "kind": "text"}]}, SILENT], window_s=60, sender=sender
    )
    await sent.until_accepted(2)
    await until_waiting(house, sent, 2)
    await temporal.get_workflow_handle(batch_workflow_id(sent.id, 0)).terminate("an operator")
    await eventually(lambda: _interactions(house, sent), what="the stored reply")
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.REPLY_NOT_TOLD] == (1, 1)
    await sent.until_accepted(1, "Thank you")


async def _interactions(house: House, sent: Mailing) -> int:
    return int(
        await house.town.pool.fetchval("SELECT count(*) FROM interactions WHERE campaign_id = $1", sent.id)
    )


async def until_waiting(house: House, sent: Mailing, count: int) -> None:
    """Waits until the database knows that so many have Message 1."""

    async def waiting() -> bool:
        counts = (await house.api.get(sent.path)).json()["counts"]
        return bool(counts["contacts_by_state"]["message_1_sent"] == count)

    await eventually(waiting, what="Message 1 of everybody")


async def test_a_campaign_whose_workflow_was_ended_goes_on_with_its_next_batch(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E17: from the database, with the batches that it had open."""
    sent = await mailing(house, [SILENT] * 30, window_s=4, sender=sender)
    await sent.until_accepted(3)
    handle = temporal.get_workflow_handle(campaign_workflow_id(sent.id))
    await handle.terminate("an operator")
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.CAMPAIGN_WITHOUT_WORKFLOW] == (1, 1)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    closed = await sent.until_closed()
    assert closed["close_reason"] == "all_final"
    await sent.everybody_got("Hello")


async def test_a_window_that_nobody_closed_is_settled(house: House, temporal: Client, sender: Sender) -> None:
    """E13: by what is stored, whatever became of its workflow."""
    sent = await mailing(house, [SILENT], window_s=60, sender=sender)
    await until_waiting(house, sent, 1)
    await house.town.pool.execute(
        "UPDATE messages SET sent_at = sent_at - interval '2 minutes' WHERE campaign_id = $1", sent.id
    )
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.OVERDUE_WINDOW] == (1, 1)
    counts = (await house.api.get(sent.path)).json()["counts"]
    assert counts["contacts_by_state"]["no_interaction"] == 1


async def test_a_counter_that_is_wrong_is_counted_anew(house: House, temporal: Client, sender: Sender) -> None:
    """A5: and once only, by however many runs."""
    sent = await mailing(house, [SILENT] * 2, window_s=60, sender=sender)
    await until_waiting(house, sent, 2)
    await house.town.pool.execute(
        "UPDATE campaign_counters SET messages_1_sent = 7, interactions = 3 WHERE campaign_id = $1", sent.id
    )
    run = await run_upkeep(house, temporal)
    assert found(run)[FindingKind.COUNTER_DRIFT] == (1, 1)
    row = await house.town.pool.fetchrow(
        "SELECT messages_1_sent, interactions FROM campaign_counters WHERE campaign_id = $1", sent.id
    )
    assert row is not None
    assert tuple(row) == (2, 0)


async def test_a_run_where_all_is_well_finds_nothing_and_changes_nothing(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E13: and neither do two runs at once."""
    await run_upkeep(house, temporal)  # what other tests have left
    sent = await mailing(house, [REPLIES_AT_ONCE, SILENT], window_s=60, sender=sender)
    await sent.until_accepted(1, "Thank you")
    await asyncio.sleep(2)  # for the acknowledgements
    before = await everything(sent)
    runs = await asyncio.gather(
        run_upkeep(house, temporal),
        temporal.execute_workflow(
            "UpkeepWorkflow", {"reason": "schedule"}, id="upkeep-beside", task_queue="campaigns"
        ),
    )
    assert found(runs[0]) == {}
    assert runs[1] == 0
    assert await everything(sent) == before


async def everything(sent: Mailing) -> list[Any]:
    """All about this campaign that a run could change by mistake; those of other tests go on beside it."""
    pool, mine = sent.house.town.pool, sent.id
    return [
        await pool.fetch(
            "SELECT contact_id, state FROM campaign_contacts WHERE campaign_id = $1 ORDER BY 1", mine
        ),
        await pool.fetch(
            "SELECT id, status, attempts, accepted_at, sent_at FROM messages WHERE campaign_id = $1 ORDER BY 1",
            mine,
        ),
        await pool.fetch("SELECT id, outcome FROM sends WHERE campaign_id = $1 ORDER BY 1", mine),
        await pool.fetch(
            "SELECT id, copies FROM webhook_events WHERE payload::text ~ $1 ORDER BY 1",
            "|".join(phone.lstrip("+") for phone in sent.phones),
        ),
        await pool.fetch("SELECT * FROM campaign_counters WHERE campaign_id = $1", mine),
    ]


async def test_the_schedule_is_there_once_and_follows_its_setting(
    house: House, temporal: Client, sender: Sender
) -> None:
    """E13: however many workers ensure it."""
    keepers = [UpkeepKeeper(temporal, every_s=3600) for _ in range(3)]
    await asyncio.gather(*(keeper.ensure() for keeper in keepers))
    described = await temporal.get_schedule_handle(UPKEEP_SCHEDULE_ID).describe()
    assert [each.every.total_seconds() for each in described.schedule.spec.intervals] == [3600]
    await UpkeepKeeper(temporal, every_s=YEAR_S).ensure()
