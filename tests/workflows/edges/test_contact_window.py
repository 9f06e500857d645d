"""The 24 h window of one contact where clocks, webhooks and signals disagree."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from domain.contact_states import ContactState
from domain.messages import MessageType
from tests.workflows.edges.conftest import GRACE, MILLISECOND, WINDOW, Stage
from workflows.contact import ContactProgress, ContactWorkflow

MESSAGE_1, MESSAGE_2 = MessageType.MESSAGE_1, MessageType.MESSAGE_2


@pytest.mark.parametrize("signal_first", [True, False], ids=["signal first", "timer first"])
@pytest.mark.parametrize("in_time", [True, False], ids=["in time", "late"])
async def test_timer_and_signal_in_one_workflow_task_go_by_the_reactions_own_time(
    live_stage: Stage, *, signal_first: bool, in_time: bool
) -> None:
    """E5, E6: while no worker runs, the timer fires and the signal arrives; the next worker sees both at once.

    A late reaction is stored as well. One in time is not, so that nothing but the signal can tell of it.
    """
    window, grace = live_stage.ledger.window, live_stage.ledger.grace
    queue = f"contacts-{live_stage.campaign_id}"
    async with live_stage.workflows_only(queue):
        handle = await live_stage.contact(queue=queue)
        sent_at = await live_stage.message_1_sent()
    reaction = live_stage.reaction(
        sent_at + window - (MILLISECOND if in_time else timedelta(0)),
        received_at=sent_at + window + grace,
        stored=not in_time,
    )
    if signal_first:
        await handle.signal(ContactWorkflow.interact, reaction)
    await live_stage.in_history(handle, EventType.EVENT_TYPE_TIMER_FIRED)
    if not signal_first:
        await handle.signal(ContactWorkflow.interact, reaction)
    signalled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    events = [
        kind
        for kind in await live_stage.kinds(handle)
        if kind in {signalled, EventType.EVENT_TYPE_TIMER_FIRED, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED}
    ]
    expected = [signalled, EventType.EVENT_TYPE_TIMER_FIRED]
    assert events[-2:] == (expected if signal_first else expected[::-1])

    async with live_stage.workflows_only(queue):
        final = await handle.result()
    assert final == (ContactState.MESSAGE_2_SENT if in_time else ContactState.LATE_INTERACTION)
    assert live_stage.ledger.person("c").received[MESSAGE_2] == in_time


async def test_replies_while_message_2_is_being_sent_change_nothing(stage: Stage) -> None:
    """E9."""
    hold = stage.ledger.hold(MESSAGE_2)
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at))
    await hold.began.wait()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + MILLISECOND))
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + WINDOW))
    hold.released.set()
    assert await handle.result() == ContactState.MESSAGE_2_SENT
    assert [message for _, message, _ in stage.ledger.sends] == [MESSAGE_1, MESSAGE_2]


async def test_a_late_reaction_does_not_hide_one_in_time(stage: Stage) -> None:
    """E5: they arrive in the wrong order."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.skip_to(sent_at + WINDOW)
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + WINDOW))
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + WINDOW - MILLISECOND))
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_a_webhook_at_the_last_instant_of_the_grace_counts_by_its_own_time(stage: Stage) -> None:
    """E5: written 1 ms before the end of the window."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.skip_to(sent_at + WINDOW + GRACE - timedelta(seconds=20))
    reaction = stage.reaction(sent_at + WINDOW - MILLISECOND, received_at=sent_at + WINDOW + GRACE)
    await handle.signal(ContactWorkflow.interact, reaction)
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_a_webhook_past_the_grace_sends_nothing_whatever_its_time(stage: Stage) -> None:
    """E6: written in time, landed 1 ms after the grace by the API's clock, which is not Temporal's."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.skip_to(sent_at + WINDOW + GRACE - timedelta(seconds=20))
    reaction = stage.reaction(
        sent_at + WINDOW - timedelta(hours=1), received_at=sent_at + WINDOW + GRACE + MILLISECOND
    )
    await handle.signal(ContactWorkflow.interact, reaction)
    assert await handle.result() == ContactState.LATE_INTERACTION
    assert stage.ledger.person("c").received == {MESSAGE_1: 1}


@pytest.mark.parametrize(
    ("before_the_end", "final"),
    [(MILLISECOND, ContactState.MESSAGE_2_SENT), (timedelta(0), ContactState.LATE_INTERACTION)],
)
async def test_of_a_provider_whose_clock_is_ahead_the_receipt_counts(
    stage: Stage, before_the_end: timedelta, final: ContactState
) -> None:
    """E5, E6: dated an hour ahead, and capped at its receipt by the intake."""
    handle = await stage.contact()
    received_at = await stage.message_1_sent() + WINDOW - before_the_end
    dated = received_at + timedelta(hours=1)
    reaction = stage.reaction(min(dated, received_at), received_at=received_at)
    await handle.signal(ContactWorkflow.interact, reaction)
    assert await handle.result() == final


async def test_a_reaction_dated_before_message_1_counts(stage: Stage) -> None:
    """E5: provider times have whole seconds, and attribution has tied it to this message."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at - timedelta(seconds=1)))
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_a_window_that_an_acknowledgement_moved_admits_until_its_new_end(stage: Stage) -> None:
    """E2: sent a minute after its acceptance; the workflow learns it when it asks the database to settle."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent() + timedelta(minutes=1)
    stage.ledger.person("c").sent_at = sent_at
    await stage.skip_to(sent_at + WINDOW + GRACE - timedelta(seconds=20))
    assert (await handle.query(ContactWorkflow.progress)).window_ends_at == sent_at + WINDOW
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + WINDOW - MILLISECOND))
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_the_query_progress_answers_in_every_phase(stage: Stage) -> None:
    """P10: what an operator asks a contact for."""
    hold_1, hold_2 = stage.ledger.hold(MESSAGE_1), stage.ledger.hold(MESSAGE_2)
    handle = await stage.contact()
    await hold_1.began.wait()
    nothing_yet = ContactProgress(state="pending", sent_at=None, window_ends_at=None, interactions=0)
    assert await handle.query(ContactWorkflow.progress) == nothing_yet
    hold_1.released.set()
    sent_at = await stage.message_1_sent()
    waiting = ContactProgress(
        state="message_1_sent", sent_at=sent_at, window_ends_at=sent_at + WINDOW, interactions=0
    )
    assert await handle.query(ContactWorkflow.progress) == waiting
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at))
    await hold_2.began.wait()
    sending = await handle.query(ContactWorkflow.progress)
    assert (sending.state, sending.interactions) == ("message_1_sent", 1)
    hold_2.released.set()
    await handle.result()
    assert (await handle.query(ContactWorkflow.progress)).state == "message_2_sent"


async def test_a_contact_costs_at_most_25_history_events_on_a_real_server(live_stage: Stage) -> None:
    """The price of one contact, with a reply and in silence."""
    replying, silent = await live_stage.contact("replying"), await live_stage.contact("silent")
    sent_at = await live_stage.message_1_sent("replying")
    await replying.signal(ContactWorkflow.interact, live_stage.reaction(sent_at, contact_id="replying"))
    assert await replying.result() == ContactState.MESSAGE_2_SENT
    assert await silent.result() == ContactState.NO_INTERACTION
    assert len(await live_stage.kinds(replying)) <= 25
    assert len(await live_stage.kinds(silent)) <= 25
