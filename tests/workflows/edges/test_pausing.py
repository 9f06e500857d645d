"""A campaign that is paused: no further batch starts, and all other ways to end stay open."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from domain.campaign_progress import CampaignProgress
from domain.contact_states import ContactState
from domain.messages import MessageType
from tests.conftest import eventually
from tests.workflows.edges.conftest import WINDOW, Stage
from workflows.batch import BatchDone
from workflows.campaign import CampaignWorkflow

MESSAGE_1 = MessageType.MESSAGE_1
Handle = WorkflowHandle[Any, Any]


async def progress_of(handle: Handle) -> CampaignProgress:
    """How far the campaign has got."""
    progress: CampaignProgress | None = await handle.query(CampaignWorkflow.progress)
    assert progress is not None
    return progress


async def begun(stage: Stage, batches: int) -> None:
    """Waits until that many batches have started."""

    async def have_begun() -> bool:
        return len(stage.ledger.batches_loaded) >= batches

    await eventually(have_begun, what=f"the start of {batches} batches")


async def paused_after_its_first_batch(stage: Stage) -> Handle:
    """A campaign of three batches, paused while the first one is being sent; that one is out since."""
    stage.lay_out([[1, 1, 1]])
    hold = stage.ledger.hold(MESSAGE_1)
    handle = await stage.campaign()
    await hold.began.wait()
    await handle.signal(CampaignWorkflow.pause)
    hold.released.set()
    await stage.message_1_sent("0-0")
    return handle


async def test_no_further_batch_starts_while_a_campaign_is_paused(stage: Stage) -> None:
    """Issue: resume continues with the next contact; whoever is in a batch already goes on as ever."""
    handle = await paused_after_its_first_batch(stage)
    await stage.environment.sleep(timedelta(hours=5))
    assert [batch for batch, _ in stage.ledger.batches_loaded] == [0]
    assert (await progress_of(handle)).paused
    reaction = stage.reaction(await stage.now(), contact_id="0-0")
    await stage.handle_of("0-0").signal("interact", reaction)
    await stage.delivered(MessageType.MESSAGE_2, "0-0")
    resumed_at = await stage.now()
    await handle.signal(CampaignWorkflow.resume)
    await begun(stage, 2)
    assert dict(stage.ledger.batches_loaded)[1] - resumed_at < timedelta(seconds=5)
    assert await handle.result() == "closed: all_final"
    assert not (await progress_of(handle)).paused
    assert [batch for batch, _ in stage.ledger.batches_loaded] == [0, 1, 2]
    assert all(person.received[MESSAGE_1] == 1 for person in stage.ledger.people.values())


async def test_paused_again_and_again_a_campaign_skips_and_repeats_nobody(live_stage: Stage) -> None:
    """Issue: none skipped, none repeated; a pause said twice is one pause."""
    live_stage.ledger.batch_pause_s = 0.1
    live_stage.lay_out([[2, 1, 2], [1, 2]])
    handle = await live_stage.campaign(first_signal="pause")
    for batches in (2, 4):
        await handle.signal(CampaignWorkflow.pause)
        await handle.signal(CampaignWorkflow.resume)
        await begun(live_stage, batches)
    await handle.signal(CampaignWorkflow.resume)
    assert await handle.result() == "closed: all_final"
    assert sorted(batch for batch, _ in live_stage.ledger.batches_loaded) == [0, 1, 2, 3, 4]
    assert all(person.received == {MESSAGE_1: 1} for person in live_stage.ledger.people.values())


async def test_paused_before_its_snapshot_a_campaign_starts_nobody(stage: Stage) -> None:
    """Issue: a pause in the moment of the start."""
    stage.lay_out([[1, 1]])
    handle = await stage.campaign(first_signal="pause")
    await stage.environment.sleep(timedelta(hours=1))
    assert (await progress_of(handle)).paused
    assert not stage.ledger.batches_loaded
    await handle.signal(CampaignWorkflow.resume)
    assert await handle.result() == "closed: all_final"


async def test_a_pause_said_after_a_batch_lasts_over_the_pause_between_batches(stage: Stage) -> None:
    """P8: the pause between two batches passes meanwhile; after a resume nobody waits for it once more."""
    stage.ledger.batch_pause_s = 3600
    stage.lay_out([[1, 1]])
    handle = await stage.campaign()
    await stage.message_1_sent("0-0")
    await stage.environment.sleep(timedelta(minutes=10))
    await handle.signal(CampaignWorkflow.pause)
    await stage.environment.sleep(timedelta(minutes=80))
    assert len(stage.ledger.batches_loaded) == 1
    resumed_at = await stage.now()
    await handle.signal(CampaignWorkflow.resume)
    await begun(stage, 2)
    assert dict(stage.ledger.batches_loaded)[1] - resumed_at < timedelta(seconds=5)


async def test_cancelled_while_paused_a_campaign_closes(live_stage: Stage) -> None:
    """E15, E16: no resume is needed, and nobody of the batches to come gets anything."""
    handle = await paused_after_its_first_batch(live_stage)
    await handle.signal(CampaignWorkflow.cancel)
    assert await handle.result() == "closed: cancelled"
    assert [batch for batch, _ in live_stage.ledger.batches_loaded] == [0]
    assert {person.state for person in live_stage.ledger.people.values()} == {ContactState.CANCELLED}


async def test_a_paused_campaign_closes_at_its_maximum_age(stage: Stage) -> None:
    """E15, E16: a pause does not extend it."""
    stage.ledger.closes_by = await stage.now() + WINDOW + timedelta(hours=6)
    handle = await paused_after_its_first_batch(stage)
    assert await handle.result() == "closed: max_age"
    closed_at = (await handle.describe()).close_time
    assert closed_at is not None
    assert timedelta(0) <= closed_at - stage.ledger.closes_by < timedelta(minutes=10)
    states = {name: str(person.state) for name, person in stage.ledger.people.items()}
    assert states == {"0-0": "no_interaction", "1-0": "expired", "2-0": "expired"}


async def test_a_pause_outlives_the_run_in_which_it_was_said(live_stage: Stage) -> None:
    """E17: a paused campaign continues as new and stays paused."""
    handle = await paused_after_its_first_batch(live_stage)

    async def handed_over() -> bool:
        await handle.signal(CampaignWorkflow.batch_done, BatchDone(batch=99))
        return (await handle.describe()).run_id != handle.first_execution_run_id

    await eventually(handed_over, what="the next run")
    assert (await progress_of(handle)).paused
    await live_stage.environment.sleep(2 * live_stage.ledger.batch_pause_s)
    assert len(live_stage.ledger.batches_loaded) == 1
    await handle.signal(CampaignWorkflow.resume)
    assert await handle.result() == "closed: all_final"
    assert [batch for batch, _ in live_stage.ledger.batches_loaded] == [0, 1, 2]


@pytest.mark.parametrize(("now_s", "expected_s"), [(None, 30), (0.0, 0), (600.0, 600)])
async def test_the_pause_after_a_batch_is_what_the_settings_say_when_it_is_sent(
    stage: Stage, now_s: float | None, expected_s: float
) -> None:
    """P8; None as in histories from before it could change: then it is the one from the start."""
    stage.ledger.batch_pause_s, stage.ledger.changed_pause_s = 30, now_s
    stage.lay_out([[1, 1]])
    assert await (await stage.campaign()).result() == "closed: all_final"
    pause = dict(stage.ledger.batches_loaded)[1] - stage.ledger.batches_sent[0]
    assert timedelta(seconds=expected_s - 0.1) <= pause < timedelta(seconds=expected_s + 5)
