"""The database refuses what the domain forbids: both hold the same table of transitions."""

import asyncpg
import pytest

from domain.contact_states import TRANSITIONS, ContactState
from storage.database import Pool
from storage.senders import Sender
from tests.conftest import Town
from tests.scene import open_scene

# How a contact gets to a state in the first place.
WAYS = {
    ContactState.PENDING: [],
    ContactState.MESSAGE_1_SENT: [ContactState.MESSAGE_1_SENT],
    ContactState.MESSAGE_2_SENT: [ContactState.MESSAGE_1_SENT, ContactState.MESSAGE_2_SENT],
    ContactState.NO_INTERACTION: [ContactState.MESSAGE_1_SENT, ContactState.NO_INTERACTION],
    ContactState.LATE_INTERACTION: [ContactState.MESSAGE_1_SENT, ContactState.LATE_INTERACTION],
    ContactState.FAILED: [ContactState.FAILED],
    ContactState.OPTED_OUT: [ContactState.OPTED_OUT],
    ContactState.CANCELLED: [ContactState.CANCELLED],
    ContactState.EXPIRED: [ContactState.EXPIRED],
}
MOVE = "UPDATE campaign_contacts SET state = $2 WHERE campaign_id = $1"


async def test_the_database_holds_the_transitions_of_the_domain(pool: Pool) -> None:
    """E14."""
    rows = await pool.fetch("SELECT from_state, to_state FROM contact_state_transitions")
    stored = {(row["from_state"], row["to_state"]) for row in rows}
    assert stored == {(state, target) for state, targets in TRANSITIONS.items() for target in targets}


@pytest.mark.parametrize("state", list(ContactState))
async def test_the_database_refuses_every_other_transition(
    everybody: Town, account: Sender, state: ContactState
) -> None:
    """E6, E9, E14; whoever writes the row: a final state stays, nobody skips Message 1."""
    scene = await open_scene(everybody, sender=account)
    for step in WAYS[state]:
        await scene.pool.execute(MOVE, scene.campaign.id, step)

    for target in set(ContactState) - TRANSITIONS[state] - {state}:
        with pytest.raises(asyncpg.CheckViolationError, match=f"cannot go from {state} to {target}"):
            await scene.pool.execute(MOVE, scene.campaign.id, target)
        assert await scene.state() == state


async def test_a_contact_has_at_most_one_message_of_a_type(everybody: Town, account: Sender) -> None:
    """E1, E9; property 10: a second row is refused, whoever writes it."""
    scene = await open_scene(everybody, sender=account)
    with pytest.raises(asyncpg.UniqueViolationError):
        await scene.pool.execute(
            "INSERT INTO messages (campaign_id, contact_id, sender_id, message_type) "
            "SELECT campaign_id, contact_id, sender_id, message_type FROM messages WHERE campaign_id = $1",
            scene.campaign.id,
        )
