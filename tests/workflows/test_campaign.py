"""A campaign and its batches: order, pauses, bounds, and every way to close."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from domain.campaign_progress import CampaignInput, CampaignProgress, LaneProgress
from domain.contact_states import ContactState
from domain.identifiers import CAMPAIGN_QUEUE, batch_workflow_id, campaign_workflow_id, contact_workflow_id
from domain.messages import MessageType
from storage.campaigns import Lane
from tests.conftest import eventually
from tests.workflows.conftest import SENDER, WINDOW, Stage
from workflows.batch import BatchDone
from workflows.campaign import CampaignWorkflow
from workflows.contact import ContactWorkflow

MESSAGE_1, MESSAGE_2 = MessageType.MESSAGE_1, MessageType.MESSAGE_2


def lay_out(stage: Stage, lanes: list[list[int]]) -> None:
    """Lanes of batches of so many contacts, numbered as the database numbers them."""
    for lane, sizes in enumerate(lanes):
        stage.ledger.lanes.append(Lane(sender_id=SENDER, lane=lane, batches=len(sizes)))
        for nth, size in enumerate(sizes):
            batch = nth * len(lanes) + lane
            stage.ledger.batches[batch] = [f"{batch}-{number}" for number in range(size)]
            for contact in stage.ledger.batches[batch]:
                stage.ledger.person(contact)


async def start(stage: Stage, progress: CampaignProgress | None = None) -> "WorkflowHandle[Any, str]":
    """The campaign, started (or as a later run of it)."""
    return await stage.environment.client.start_workflow(
        CampaignWorkflow.run,
        CampaignInput(campaign_id=stage.campaign_id, progress=progress),
        id=campaign_workflow_id(stage.campaign_id),
        task_queue=CAMPAIGN_QUEUE,
    )


def states(stage: Stage) -> set[ContactState]:
    """The states of all contacts."""
    return {person.state for person in stage.ledger.people.values()}


async def test_a_campaign_closes_itself_when_all_its_contacts_are_final(stage: Stage) -> None:
    """E14, E16; property 11 of document 003."""
    lay_out(stage, [[3, 2], [2]])
    handle = await start(stage)
    assert await handle.result() == "closed: all_final"
    assert states(stage) == {ContactState.NO_INTERACTION}
    assert all(person.received == {MESSAGE_1: 1} for person in stage.ledger.people.values())
    progress = await handle.query(CampaignWorkflow.progress)
    assert progress is not None
    assert progress.states == {"no_interaction": 7}
    assert progress.open_batches == []


async def test_a_dead_worker_keeps_no_campaign_standing_for_long(stage: Stage) -> None:
    """W1; what a chaos run found: who died while opening a campaign kept it standing for ten minutes."""
    lay_out(stage, [[2]])
    handle = await start(stage)
    await handle.result()
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in (await handle.fetch_history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert {"open_campaign", "close_campaign"} <= {activity.activity_type.name for activity in scheduled}
    for activity in scheduled:
        noticed_after = (
            activity.heartbeat_timeout.ToTimedelta() or activity.start_to_close_timeout.ToTimedelta()
        )
        assert noticed_after <= timedelta(seconds=60), activity.activity_type.name


async def test_an_empty_audience_closes_at_once(stage: Stage) -> None:
    """E14: of nobody, everybody is final."""
    handle = await start(stage)
    assert await handle.result() == "closed: all_final"


async def test_a_lane_pauses_between_its_batches_and_no_lane_waits_for_another(live_stage: Stage) -> None:
    """P8: a lane's next batch starts a pause after the last Message 1 of the one before."""
    lay_out(live_stage, [[2, 2, 2], [2]])
    live_stage.ledger.batch_pause_s = 1
    await (await start(live_stage)).result()
    began = dict(live_stage.ledger.batches_loaded)
    assert began[1] < began[2]
    for earlier, later in ((0, 2), (2, 4)):
        last_sent = max(
            sent_at for name in live_stage.ledger.batches[earlier] if (sent_at := _sent(live_stage, name))
        )
        assert began[later] - last_sent >= timedelta(seconds=1)


def _sent(live_stage: Stage, contact_id: str) -> datetime | None:
    return live_stage.ledger.person(contact_id).sent_at


async def test_a_contact_that_reacts_is_followed_up_through_its_campaign(stage: Stage) -> None:
    """E5, E9."""
    lay_out(stage, [[3]])
    handle = await start(stage)
    sent_at = await stage.message_1_sent("0-1")
    contact = stage.environment.client.get_workflow_handle(contact_workflow_id(stage.campaign_id, "0-1"))
    await contact.signal(ContactWorkflow.interact, stage.reaction(sent_at, contact_id="0-1"))
    await handle.result()
    assert stage.ledger.person("0-1").received == {MESSAGE_1: 1, MESSAGE_2: 1}
    assert (await handle.query(CampaignWorkflow.progress)).states == {  # type: ignore[union-attr]
        "message_2_sent": 1,
        "no_interaction": 2,
    }


async def test_no_campaign_outlives_its_maximum_age(stage: Stage) -> None:
    """E15; property 13 of document 003: contacts that wait, and contacts that never got their turn."""
    lay_out(stage, [[2, 2]])
    stage.ledger.batch_pause_s = 40 * 3600
    stage.ledger.closes_by = await stage.now() + timedelta(hours=12)
    handle = await start(stage)
    assert await handle.result() == "closed: max_age"
    assert states(stage) == {ContactState.EXPIRED}
    ended = (await handle.describe()).close_time
    assert ended is not None
    assert ended - stage.ledger.closes_by < timedelta(minutes=1)


async def test_a_campaign_of_a_week_outlives_every_time_limit(stage: Stage) -> None:
    """Issue: sending stops for good after a job's time limit. Here no step may take over 12 hours."""
    lay_out(stage, [[1] * 5])
    stage.ledger.batch_pause_s = 40 * 3600
    began = await stage.now()
    handle = await start(stage)
    assert await handle.result() == "closed: all_final"
    assert await stage.now() - began > timedelta(days=6)
    assert states(stage) == {ContactState.NO_INTERACTION}
    assert all(person.received == {MESSAGE_1: 1} for person in stage.ledger.people.values())


async def test_a_cancelled_campaign_ends_every_contact_that_is_open(live_stage: Stage) -> None:
    """Nobody gets anything any more, and no workflow is left behind."""
    lay_out(live_stage, [[3, 3]])
    handle = await start(live_stage)
    for name in live_stage.ledger.batches[0]:
        await live_stage.message_1_sent(name)
    await handle.signal(CampaignWorkflow.cancel)
    assert await handle.result() == "closed: cancelled"
    assert states(live_stage) == {ContactState.CANCELLED}
    contact = live_stage.environment.client.get_workflow_handle(
        contact_workflow_id(live_stage.campaign_id, "0-0")
    )
    assert await contact.result() == ContactState.CANCELLED


async def test_a_contact_whose_workflow_an_operator_ended_is_recorded_as_failed(live_stage: Stage) -> None:
    """E14: nobody is forgotten, whatever an operator does."""
    lay_out(live_stage, [[2]])
    handle = await start(live_stage)
    for name in live_stage.ledger.batches[0]:
        await live_stage.message_1_sent(name)
    contact = live_stage.environment.client.get_workflow_handle(
        contact_workflow_id(live_stage.campaign_id, "0-0")
    )
    await contact.terminate("an operator was curious")
    assert await handle.result() == "closed: all_final"
    assert [fail.contact_id for fail in live_stage.ledger.failed] == ["0-0"]
    assert states(live_stage) == {ContactState.FAILED, ContactState.NO_INTERACTION}


@pytest.mark.parametrize("sending", [True, False])
async def test_the_next_run_of_a_campaign_goes_on_where_the_last_one_stopped(
    live_stage: Stage, sending: bool
) -> None:
    """E17: continue-as-new in the middle of a batch, and in the pause after it."""
    lay_out(live_stage, [[2, 2]])
    for contact in live_stage.ledger.batches[0]:
        live_stage.ledger.person(contact).state = ContactState.MESSAGE_2_SENT
    resumes_at = None if sending else await live_stage.now() + timedelta(seconds=1)
    progress = CampaignProgress(
        name="resumed",
        lanes=[
            LaneProgress(sender_id=SENDER, lane=0, batches=2, started=1, sending=sending, resumes_at=resumes_at)
        ],
        closes_by=await live_stage.now() + 10 * WINDOW,
        batch_pause_s=1,
        states={"message_2_sent": 2},
    )
    began = await live_stage.now()
    handle = await start(live_stage, progress)
    assert await handle.result() == "closed: all_final"
    assert [batch for batch, _ in live_stage.ledger.batches_loaded] == [1]
    assert live_stage.ledger.batches_loaded[0][1] - began >= timedelta(seconds=0.9)
    after = await handle.query(CampaignWorkflow.progress)
    assert after is not None
    assert after.states == {"message_2_sent": 2, "no_interaction": 2}


async def test_a_batch_that_reports_twice_or_was_never_started_counts_once(stage: Stage) -> None:
    """Signals may come twice."""
    progress = CampaignProgress(
        name="reports",
        lanes=[LaneProgress(sender_id=SENDER, lane=0, batches=1, started=1)],
        closes_by=await stage.now() + 10 * WINDOW,
        batch_pause_s=0,
        open_batches=[0],
    )
    handle = await start(stage, progress)
    await handle.signal(CampaignWorkflow.batch_done, BatchDone(batch=7, states={"failed": 9}))
    await handle.signal(CampaignWorkflow.batch_done, BatchDone(batch=0, states={"no_interaction": 3}))
    await handle.signal(CampaignWorkflow.batch_done, BatchDone(batch=0, states={"no_interaction": 3}))
    assert await handle.result() == "closed: all_final"
    after = await handle.query(CampaignWorkflow.progress)
    assert after is not None
    assert after.states == {"no_interaction": 3}


async def test_a_batch_that_never_answers_does_not_keep_a_cancelled_campaign_open(live_stage: Stage) -> None:
    """E15: it was terminated by an operator, so it cannot report."""
    lay_out(live_stage, [[2]])
    handle = await start(live_stage)
    await live_stage.message_1_sent("0-0")
    batch = live_stage.environment.client.get_workflow_handle(batch_workflow_id(live_stage.campaign_id, 0))
    await batch.terminate("an operator was curious")
    await handle.signal(CampaignWorkflow.cancel)
    assert await handle.result() == "closed: cancelled"


async def test_many_contacts_run_through_their_day(stage: Stage) -> None:
    """E12, E14: the whole day of six batches, in seconds; every third contact reacts."""
    lay_out(stage, [[20] * 3, [20] * 3])
    handle = await start(stage)

    async def all_sent() -> bool:
        await stage.environment.sleep(30)
        return all(person.sent_at for person in stage.ledger.people.values())

    await eventually(all_sent, what="Message 1 to everybody")
    for name, person in list(stage.ledger.people.items())[::3]:
        assert person.sent_at is not None
        contact = stage.environment.client.get_workflow_handle(contact_workflow_id(stage.campaign_id, name))
        reaction = stage.reaction(person.sent_at + timedelta(minutes=5), contact_id=name)
        await contact.signal(ContactWorkflow.interact, reaction)
    assert await handle.result() == "closed: all_final"
    progress = await handle.query(CampaignWorkflow.progress)
    assert progress is not None
    assert progress.states == {"message_2_sent": 40, "no_interaction": 80}
