"""The 24 h window of one contact, at its edges."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError, RPCStatusCode

from domain.contact_signals import Stop
from domain.contact_states import ContactState
from domain.messages import MessageType
from tests.workflows.conftest import GRACE, MILLISECOND, WINDOW, Stage
from workflows.contact import ContactWorkflow

MESSAGE_1, MESSAGE_2 = MessageType.MESSAGE_1, MessageType.MESSAGE_2


async def test_a_reply_one_millisecond_before_the_end_earns_message_2(stage: Stage) -> None:
    """E2, E5; property 6 of document 003: 23:59:59.999."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.skip_to(sent_at + WINDOW - timedelta(seconds=5))
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + WINDOW - MILLISECOND))
    assert await handle.result() == ContactState.MESSAGE_2_SENT
    assert stage.ledger.person("c").received == {MESSAGE_1: 1, MESSAGE_2: 1}


async def test_a_reply_at_the_very_end_never_earns_message_2(stage: Stage) -> None:
    """E6; property 6 of document 003: 24:00:00.000."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at + WINDOW))
    assert await handle.result() == ContactState.LATE_INTERACTION
    assert stage.ledger.person("c").received == {MESSAGE_1: 1}


async def test_silence_ends_as_no_interaction_when_the_grace_is_over(stage: Stage) -> None:
    """E12."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    assert await handle.result() == ContactState.NO_INTERACTION
    ended = (await handle.describe()).close_time
    assert ended is not None
    assert timedelta(0) <= ended - (sent_at + WINDOW + GRACE) < timedelta(seconds=5)


@pytest.mark.parametrize("signal_first", [True, False])
async def test_timer_and_signal_in_one_activation_go_by_the_reactions_time(
    stage: Stage, signal_first: bool
) -> None:
    """E5, E6: while no worker runs, the timer fires and the signal arrives; the worker sees both at once."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    settles_at = sent_at + WINDOW + GRACE
    await stage.skip_to(settles_at - timedelta(seconds=2))
    await stage.stop_workers()
    reaction = stage.reaction(
        sent_at + WINDOW - MILLISECOND, received_at=settles_at - MILLISECOND, stored=False
    )
    if signal_first:
        await handle.signal(ContactWorkflow.interact, reaction)
    await stage.in_history(handle, EventType.EVENT_TYPE_TIMER_FIRED)
    if not signal_first:
        await handle.signal(ContactWorkflow.interact, reaction)
    await stage.start_workers()
    assert await handle.result() == ContactState.MESSAGE_2_SENT


@pytest.mark.parametrize("signal_first", [True, False])
async def test_timer_and_a_late_signal_in_one_activation_send_nothing(stage: Stage, signal_first: bool) -> None:
    """E6."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.skip_to(sent_at + WINDOW + GRACE - timedelta(seconds=2))
    await stage.stop_workers()
    reaction = stage.reaction(sent_at + WINDOW)
    if signal_first:
        await handle.signal(ContactWorkflow.interact, reaction)
    await stage.in_history(handle, EventType.EVENT_TYPE_TIMER_FIRED)
    if not signal_first:
        await handle.signal(ContactWorkflow.interact, reaction)
    await stage.start_workers()
    assert await handle.result() == ContactState.LATE_INTERACTION
    assert stage.ledger.person("c").received == {MESSAGE_1: 1}


async def test_a_reply_before_message_1_is_recorded_as_sent_counts(stage: Stage) -> None:
    """E5: the contact may answer before the provider answers us."""
    gate = stage.ledger.gates[MESSAGE_1] = asyncio.Event()
    stage.ledger.started[MESSAGE_1] = asyncio.Event()
    handle = await stage.contact()
    await stage.ledger.started[MESSAGE_1].wait()
    await handle.signal(ContactWorkflow.interact, stage.reaction(await stage.now()))
    gate.set()
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_ten_replies_at_once_and_a_reaction_earn_one_message_2(stage: Stage) -> None:
    """E9; property 10 of document 003."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    replies = [stage.reaction(sent_at + timedelta(seconds=1)) for _ in range(11)]
    await asyncio.gather(*(handle.signal(ContactWorkflow.interact, reply) for reply in replies))
    assert await handle.result() == ContactState.MESSAGE_2_SENT
    assert stage.ledger.person("c").received[MESSAGE_2] == 1


async def test_the_same_signal_twice_counts_once(stage: Stage) -> None:
    """E9: signals carry an id."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    late = stage.reaction(sent_at + WINDOW, identity="same")
    await handle.signal(ContactWorkflow.interact, late)
    await handle.signal(ContactWorkflow.interact, late)
    progress = await handle.query(ContactWorkflow.progress)
    assert (progress.state, progress.interactions) == (ContactState.MESSAGE_1_SENT, 1)
    assert progress.window_ends_at == sent_at + WINDOW
    assert await handle.result() == ContactState.LATE_INTERACTION


async def test_a_reply_after_the_contact_has_ended_reaches_no_workflow(stage: Stage) -> None:
    """E6: what is stored says all."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await handle.result()
    with pytest.raises(RPCError) as refused:
        await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at))
    assert refused.value.status is RPCStatusCode.NOT_FOUND


async def test_a_webhook_within_the_grace_counts_by_its_own_time(stage: Stage) -> None:
    """E5: written in time, landed 59.999 s after the window."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.skip_to(sent_at + WINDOW + GRACE - timedelta(seconds=20))
    reaction = stage.reaction(
        sent_at + WINDOW - MILLISECOND, received_at=sent_at + WINDOW + GRACE - MILLISECOND
    )
    await handle.signal(ContactWorkflow.interact, reaction)
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_a_webhook_past_the_grace_sends_nothing_whatever_its_time(stage: Stage) -> None:
    """E6: written in time, landed after the grace while no worker ran."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    late_landing = sent_at + WINDOW + GRACE + MILLISECOND
    await stage.skip_to(late_landing - timedelta(seconds=2))
    await stage.stop_workers()
    await stage.in_history(handle, EventType.EVENT_TYPE_TIMER_FIRED)
    reaction = stage.reaction(sent_at + WINDOW - timedelta(hours=1), received_at=late_landing)
    await handle.signal(ContactWorkflow.interact, reaction)
    await stage.start_workers()
    assert await handle.result() == ContactState.LATE_INTERACTION
    assert stage.ledger.person("c").received == {MESSAGE_1: 1}


async def test_a_provider_whose_clock_is_ahead_changes_nothing(stage: Stage) -> None:
    """E5: a reaction dated an hour ahead was capped at its receipt by the intake."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    received_at = sent_at + WINDOW - timedelta(minutes=30)
    await stage.skip_to(received_at)
    await handle.signal(ContactWorkflow.interact, stage.reaction(received_at, received_at=received_at))
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_an_acknowledgement_that_moves_sent_at_moves_the_window(stage: Stage) -> None:
    """E2: the provider sent Message 1 a minute after accepting it."""
    handle = await stage.contact()
    accepted_at = await stage.message_1_sent()
    await stage.skip_to(accepted_at + timedelta(minutes=5))
    stage.ledger.person("c").sent_at = accepted_at + timedelta(minutes=1)
    assert await handle.result() == ContactState.NO_INTERACTION
    ended = (await handle.describe()).close_time
    assert ended is not None
    assert ended >= accepted_at + timedelta(minutes=1) + WINDOW + GRACE


async def test_a_stored_reaction_whose_signal_got_lost_still_earns_message_2(stage: Stage) -> None:
    """E5: the database is the arbiter when the timer fires."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    stage.reaction(sent_at + timedelta(hours=3))
    assert await handle.result() == ContactState.MESSAGE_2_SENT


async def test_a_failed_message_1_opens_no_window(stage: Stage) -> None:
    """E4."""
    stage.ledger.failing.add(MESSAGE_1)
    handle = await stage.contact()
    assert await handle.result() == ContactState.FAILED
    assert (await handle.query(ContactWorkflow.progress)).window_ends_at is None


async def test_a_message_2_that_fails_three_times_ends_as_failed(stage: Stage) -> None:
    """E4: the activity counts the attempts and reports the state."""
    stage.ledger.failing.add(MESSAGE_2)
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at))
    assert await handle.result() == ContactState.FAILED


@pytest.mark.parametrize("state", [ContactState.OPTED_OUT, ContactState.CANCELLED, ContactState.EXPIRED])
async def test_a_contact_that_is_stopped_while_waiting_ends_in_that_state(
    stage: Stage, state: ContactState
) -> None:
    """E14, E15: the state was stored by whoever stopped it."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    stage.ledger.person("c").state = state
    await handle.signal(ContactWorkflow.stop, Stop(id="x", at=sent_at, state=state))
    assert await handle.result() == state


async def test_stopped_before_its_turn_a_contact_gets_nothing(stage: Stage) -> None:
    """Nobody serves the paced queue: the send is cancelled there and settled on the other queue."""
    await stage.stop_workers()
    handle = await stage.contact("unserved")
    stage.ledger.person("unserved").state = ContactState.CANCELLED
    await handle.signal(ContactWorkflow.stop, Stop(id="x", at=await stage.now(), state=ContactState.CANCELLED))
    await stage.start_workers()
    assert await handle.result() == ContactState.CANCELLED
    assert not stage.ledger.person("unserved").received


@pytest.mark.parametrize("breaks", [False, True])
async def test_cancelled_while_sending_the_attempt_in_flight_ends_and_is_kept(
    live_stage: Stage, *, breaks: bool
) -> None:
    """What is on its way cannot be taken back, so its outcome is recorded.

    If the activity breaks, by a second one: Temporal tries nothing again that was asked to stop.
    """
    if breaks:
        live_stage.ledger.breaking.add(MESSAGE_1)
    gate = live_stage.ledger.gates[MESSAGE_1] = asyncio.Event()
    live_stage.ledger.started[MESSAGE_1] = asyncio.Event()
    handle = await live_stage.contact()
    await live_stage.ledger.started[MESSAGE_1].wait()
    live_stage.ledger.person("c").state = ContactState.CANCELLED
    await handle.signal(
        ContactWorkflow.stop, Stop(id="x", at=await live_stage.now(), state=ContactState.CANCELLED)
    )
    await live_stage.in_history(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
    gate.set()
    assert await handle.result() == ContactState.CANCELLED
    assert live_stage.ledger.person("c").received == ({} if breaks else {MESSAGE_1: 1})


async def test_a_contact_costs_at_most_25_history_events(stage: Stage) -> None:
    """The price of one contact: with a reply, and in silence."""
    replying, silent = await stage.contact("replying"), await stage.contact("silent")
    sent_at = await stage.message_1_sent("replying")
    await stage.message_1_sent("silent")
    await replying.signal(ContactWorkflow.interact, stage.reaction(sent_at, contact_id="replying"))
    for handle in (replying, silent):
        await handle.result()
        assert len((await handle.fetch_history()).events) <= 25
