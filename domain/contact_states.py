"""The states of a contact in a campaign, and the only ways from one to another.

The database enforces the same table (`contact_state_transitions`); a test keeps the two equal.
"""

from collections.abc import Mapping
from enum import StrEnum


class ContactState(StrEnum):
    """Where one contact stands in one campaign."""

    PENDING = "pending"
    MESSAGE_1_SENT = "message_1_sent"
    MESSAGE_2_SENT = "message_2_sent"
    NO_INTERACTION = "no_interaction"
    LATE_INTERACTION = "late_interaction"
    FAILED = "failed"
    OPTED_OUT = "opted_out"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_STOPPED = frozenset(
    {ContactState.FAILED, ContactState.OPTED_OUT, ContactState.CANCELLED, ContactState.EXPIRED}
)

TRANSITIONS: Mapping[ContactState, frozenset[ContactState]] = {
    ContactState.PENDING: _STOPPED | {ContactState.MESSAGE_1_SENT},
    ContactState.MESSAGE_1_SENT: _STOPPED
    | {ContactState.MESSAGE_2_SENT, ContactState.NO_INTERACTION, ContactState.LATE_INTERACTION},
    # Somebody may still write after the window was settled: that is worth knowing, and sends nothing.
    ContactState.NO_INTERACTION: frozenset({ContactState.LATE_INTERACTION}),
    ContactState.LATE_INTERACTION: frozenset(),
    ContactState.MESSAGE_2_SENT: frozenset(),
    ContactState.FAILED: frozenset(),
    ContactState.OPTED_OUT: frozenset(),
    ContactState.CANCELLED: frozenset(),
    ContactState.EXPIRED: frozenset(),
}

OPEN_STATES = frozenset({ContactState.PENDING, ContactState.MESSAGE_1_SENT})
FINAL_STATES = frozenset(ContactState) - OPEN_STATES


def is_final(state: ContactState) -> bool:
    """Whether the campaign need not wait for this contact any more (E14)."""
    return state in FINAL_STATES


def may_become(state: ContactState, target: ContactState) -> bool:
    """Whether the step from `state` to `target` is allowed."""
    return target in TRANSITIONS[state]
