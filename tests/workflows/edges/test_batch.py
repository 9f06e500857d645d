"""A batch collects the final state of each of its contacts, whatever becomes of their workflows."""

import pytest

from domain.contact_signals import Stop
from domain.contact_states import ContactState
from domain.messages import MessageType
from tests.workflows.edges.conftest import WINDOW, Stage
from workflows.batch import BatchWorkflow
from workflows.contact import ContactWorkflow

MESSAGE_1 = MessageType.MESSAGE_1


async def test_a_batch_counts_the_final_states_of_its_contacts(stage: Stage) -> None:
    """E14: it ends although nobody waits for its report."""
    stage.lay_out([[3]])
    stage.ledger.person("0-2").failing.add(MESSAGE_1)
    handle = await stage.batch()
    for contact in ("0-0", "0-1"):
        sent_at = await stage.message_1_sent(contact)
    await stage.handle_of("0-0").signal(ContactWorkflow.interact, stage.reaction(sent_at, contact_id="0-0"))
    assert await handle.result() == {"failed": 1, "message_2_sent": 1, "no_interaction": 1}
    assert await handle.query(BatchWorkflow.progress) == {
        "failed": 1,
        "message_2_sent": 1,
        "no_interaction": 1,
        "open": 0,
    }


async def test_a_stopped_batch_ends_with_its_contacts(stage: Stage) -> None:
    """E15: stored first, then told, to those who waited; whoever was final stays as they were."""
    stage.lay_out([[3]])
    stage.ledger.person("0-2").failing.add(MESSAGE_1)
    handle = await stage.batch()
    for contact in ("0-0", "0-1"):
        sent_at = await stage.message_1_sent(contact)
    for person in stage.ledger.people.values():
        person.stop(ContactState.EXPIRED)
    stop = Stop(id="x", at=sent_at, state=ContactState.EXPIRED)
    await handle.signal(BatchWorkflow.stop, stop)
    await handle.signal(BatchWorkflow.stop, stop)
    assert await handle.result() == {"expired": 2, "failed": 1}
    ended = (await handle.describe()).close_time
    assert ended is not None
    assert ended < sent_at + WINDOW


@pytest.mark.parametrize("by", ["terminate", "cancel"])
async def test_a_contact_whose_workflow_an_operator_ends_is_recorded_and_its_batch_ends(
    live_stage: Stage, by: str
) -> None:
    """E14: nobody is forgotten, whatever an operator does in the Web UI."""
    live_stage.lay_out([[2]])
    handle = await live_stage.batch()
    for contact in ("0-0", "0-1"):
        await live_stage.message_1_sent(contact)
    await getattr(live_stage.handle_of("0-0"), by)()
    assert await handle.result() == {"failed": 1, "no_interaction": 1}
    assert [fail.contact_id for fail in live_stage.ledger.failed] == ["0-0"]
    assert live_stage.ledger.failed[0].reason.startswith("workflow ended: ")
