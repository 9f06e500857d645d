"""Every other way in which a contact ends: failed, opted out, cancelled, expired."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from domain.contact_states import ContactState
from domain.identifiers import CAMPAIGN_QUEUE, reply_queue, send_queue
from domain.messages import MessageType
from tests.workflows.edges.conftest import SENDER, UNSERVED_SENDER, WINDOW, Stage
from workflows.contact import ContactWorkflow

MESSAGE_1, MESSAGE_2 = MessageType.MESSAGE_1, MessageType.MESSAGE_2
STOPPED = [ContactState.OPTED_OUT, ContactState.CANCELLED, ContactState.EXPIRED]


async def test_a_failed_message_1_opens_no_window(stage: Stage) -> None:
    """E1, E4."""
    stage.ledger.person("c").failing.add(MESSAGE_1)
    handle = await stage.contact()
    assert await handle.result() == ContactState.FAILED
    assert (await handle.query(ContactWorkflow.progress)).window_ends_at is None
    assert EventType.EVENT_TYPE_TIMER_STARTED not in await stage.kinds(handle)


async def test_a_failed_message_2_ends_as_failed(stage: Stage) -> None:
    """E4: the activity counts the attempts and reports the state."""
    stage.ledger.person("c").failing.add(MESSAGE_2)
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at))
    assert await handle.result() == ContactState.FAILED


async def test_a_message_1_that_fails_after_its_acceptance_ends_the_wait(stage: Stage) -> None:
    """E4: the provider reports it by webhook."""
    handle = await stage.contact()
    await stage.message_1_sent()
    await stage.stop(handle, ContactState.FAILED)
    assert await handle.result() == ContactState.FAILED


@pytest.mark.parametrize("state", STOPPED)
async def test_a_contact_that_is_stopped_while_waiting_ends_in_that_state(
    stage: Stage, state: ContactState
) -> None:
    """E14, E15: the state was stored by whoever stopped it."""
    handle = await stage.contact()
    sent_at = await stage.message_1_sent()
    await stage.stop(handle, state)
    assert await handle.result() == state
    ended = (await handle.describe()).close_time
    assert ended is not None
    assert ended < sent_at + WINDOW


async def test_a_stop_whose_signal_got_lost_is_found_when_the_window_settles(stage: Stage) -> None:
    """E14: the database is the arbiter."""
    handle = await stage.contact()
    await stage.message_1_sent()
    stage.ledger.person("c").stop(ContactState.OPTED_OUT)
    assert await handle.result() == ContactState.OPTED_OUT


async def test_who_opts_out_gets_no_message_2_however_soon_a_reply_follows(live_stage: Stage) -> None:
    """A stop that is seen in the same workflow task as a reply in time wins, whichever came first."""
    queue = f"contacts-{live_stage.campaign_id}"
    async with live_stage.workflows_only(queue):
        handle = await live_stage.contact(queue=queue)
        sent_at = await live_stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, live_stage.reaction(sent_at))
    await live_stage.stop(handle, ContactState.OPTED_OUT)
    async with live_stage.workflows_only(queue):
        assert await handle.result() == ContactState.OPTED_OUT
    assert live_stage.ledger.person("c").received == {MESSAGE_1: 1}


@pytest.mark.parametrize("state", STOPPED)
async def test_stopped_before_its_turn_a_contact_gets_nothing(stage: Stage, state: ContactState) -> None:
    """The send is withdrawn from the paced queue and settled, at once, on the one that is not paced."""
    handle = await stage.contact(sender=UNSERVED_SENDER)
    await stage.in_history(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    await stage.stop(handle, state)
    assert await handle.result() == state
    assert stage.ledger.sends == [("c", MESSAGE_1, CAMPAIGN_QUEUE)]
    assert not stage.ledger.person("c").received


async def test_stopped_before_its_turn_on_a_real_server_too(live_stage: Stage) -> None:
    """E15: the paced queue of a sender that stands still keeps nobody."""
    handle = await live_stage.contact(sender=UNSERVED_SENDER)
    await live_stage.in_history(handle, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    await live_stage.stop(handle, ContactState.EXPIRED)
    assert await handle.result() == ContactState.EXPIRED
    assert live_stage.ledger.sends == [("c", MESSAGE_1, CAMPAIGN_QUEUE)]


@pytest.mark.parametrize("state", [ContactState.OPTED_OUT, ContactState.CANCELLED])
async def test_stopped_while_message_1_is_being_sent_its_outcome_is_kept(
    live_stage: Stage, state: ContactState
) -> None:
    """What is on its way cannot be taken back: the attempt ends, nobody waits for a reply."""
    hold = live_stage.ledger.hold(MESSAGE_1)
    handle = await live_stage.contact()
    await hold.began.wait()
    await live_stage.stop(handle, state)
    await hold.asked_to_stop.wait()
    hold.released.set()
    assert await handle.result() == state
    progress = await handle.query(ContactWorkflow.progress)
    assert progress.sent_at == live_stage.ledger.person("c").sent_at is not None
    assert live_stage.ledger.person("c").received == {MESSAGE_1: 1}
    assert live_stage.ledger.sends == [("c", MESSAGE_1, send_queue(SENDER))]


@pytest.mark.parametrize("state", [ContactState.OPTED_OUT, ContactState.CANCELLED])
async def test_stopped_while_message_2_is_being_sent_the_attempt_ends(
    live_stage: Stage, state: ContactState
) -> None:
    """The stop came first, so its state stays; Message 2 went out once."""
    hold = live_stage.ledger.hold(MESSAGE_2)
    handle = await live_stage.contact()
    sent_at = await live_stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, live_stage.reaction(sent_at))
    await hold.began.wait()
    await live_stage.stop(handle, state)
    await hold.asked_to_stop.wait()
    hold.released.set()
    assert await handle.result() == state
    assert live_stage.ledger.person("c").received == {MESSAGE_1: 1, MESSAGE_2: 1}
    assert live_stage.ledger.sends[-1] == ("c", MESSAGE_2, reply_queue(SENDER))


async def test_a_message_2_that_went_out_before_the_stop_was_stored_stays_sent(live_stage: Stage) -> None:
    """E9: the stop finds a final state, and the workflow reports what is stored."""
    hold = live_stage.ledger.hold(MESSAGE_2)
    handle = await live_stage.contact()
    sent_at = await live_stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, live_stage.reaction(sent_at))
    await hold.began.wait()
    person = live_stage.ledger.person("c")
    person.state = ContactState.MESSAGE_2_SENT
    person.received[MESSAGE_2] += 1
    await live_stage.stop(handle, ContactState.CANCELLED)
    hold.released.set()
    assert await handle.result() == ContactState.MESSAGE_2_SENT


@pytest.mark.parametrize("message_type", [MESSAGE_1, MESSAGE_2])
async def test_stopped_between_two_attempts_the_unknown_outcome_is_looked_up_at_once(
    live_stage: Stage, message_type: MessageType
) -> None:
    """E9: the next attempt was an hour away; the lookup finds the message, and nothing is sent again."""
    live_stage.ledger.unanswered.add(message_type)
    handle = await live_stage.contact()
    if message_type is MESSAGE_2:
        sent_at = await live_stage.message_1_sent()
        await handle.signal(ContactWorkflow.interact, live_stage.reaction(sent_at))
    await live_stage.delivered(message_type)
    await live_stage.stop(handle, ContactState.CANCELLED)
    assert await handle.result() == ContactState.CANCELLED
    assert live_stage.ledger.person("c").received[message_type] == 1
    assert live_stage.ledger.sends[-1] == ("c", message_type, CAMPAIGN_QUEUE)


async def test_an_unknown_outcome_waits_for_its_next_attempt_and_is_not_sent_twice(stage: Stage) -> None:
    """E4, E9."""
    stage.ledger.unanswered.update({MESSAGE_1, MESSAGE_2})
    handle = await stage.contact()
    await stage.delivered(MESSAGE_1)
    await stage.skip_to(await stage.now() + timedelta(hours=2))
    sent_at = await stage.message_1_sent()
    await handle.signal(ContactWorkflow.interact, stage.reaction(sent_at))
    assert await handle.result() == ContactState.MESSAGE_2_SENT
    assert stage.ledger.person("c").received == {MESSAGE_1: 1, MESSAGE_2: 1}


async def test_the_first_of_two_stops_counts(stage: Stage) -> None:
    """Signals may come twice and from two sides."""
    handle = await stage.contact(sender=UNSERVED_SENDER)
    await stage.stop(handle, ContactState.OPTED_OUT)
    await stage.stop(handle, ContactState.CANCELLED)
    assert await handle.result() == ContactState.OPTED_OUT
