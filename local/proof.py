"""The proof: what our database says was sent, against what the phones of the sandbox received.

The sandbox keeps a journal of every message that a phone would have received, and shares no code with us. So it
can say what we cannot say of ourselves: that nobody got a message twice, and that nobody was forgotten.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg

from domain.contact_states import ContactState, is_final

CONTACTS = """
    SELECT co.phone, cc.state,
        m1.id::text AS message_1, m1.status AS status_1, m2.id::text AS message_2, m2.status AS status_2,
        EXISTS (SELECT FROM interactions i WHERE i.campaign_id = cc.campaign_id
            AND i.contact_id = cc.contact_id AND i.within_24h) AS reacted_in_time
    FROM campaign_contacts cc
    JOIN contacts co ON co.id = cc.contact_id
    LEFT JOIN messages m1 ON m1.campaign_id = cc.campaign_id AND m1.contact_id = cc.contact_id
        AND m1.message_type = 'message_1'
    LEFT JOIN messages m2 ON m2.campaign_id = cc.campaign_id AND m2.contact_id = cc.contact_id
        AND m2.message_type = 'message_2'
    WHERE cc.campaign_id = $1
"""

_HANDED_OVER = {"accepted", "sent", "delivered", "read"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """The verdict on one campaign."""

    contacts: int
    sent_once: int  # phones that received Message 1 exactly once
    followed_up_once: int  # phones that received Message 2 exactly once
    duplicates: int  # messages that a phone received beyond the first of its kind
    lost: int  # contacts without a final state, and messages that were due or claimed but never arrived
    states: dict[str, int]
    findings: list[str]  # one sentence for each contact that is wrong

    @property
    def holds(self) -> bool:
        """Nothing twice, nobody forgotten, and both books agree."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """The proof as one JSON object."""
        return {**asdict(self), "holds": self.holds}


async def load_contacts(database_url: str, campaign_id: str) -> list[dict[str, Any]]:
    """Our own book: every contact of the campaign with its two messages."""
    connection = await asyncpg.connect(database_url)
    try:
        return [dict(row) for row in await connection.fetch(CONTACTS, campaign_id)]
    finally:
        await connection.close()


def compare(contacts: list[dict[str, Any]], journal: list[dict[str, Any]]) -> Proof:
    """Judges the campaign by both books."""
    # Through Meta the reference carries the attempt as well: id/attempt.
    received = Counter(str(entry["reference"]).partition("/")[0] for entry in journal if entry["reached_phone"])
    per_phone = Counter(entry["phone"] for entry in journal if entry["reached_phone"])
    findings: list[str] = []
    tally: Counter[str] = Counter()
    for contact in contacts:
        got_1 = received.pop(contact["message_1"], 0)
        got_2 = received.pop(contact["message_2"], 0) if contact["message_2"] else 0
        tally["sent_once"] += got_1 == 1
        tally["followed_up_once"] += got_2 == 1
        # A second row for the same contact would show here, whatever its reference.
        twice = max(0, got_1 - 1) + max(0, got_2 - 1) + max(0, per_phone[contact["phone"]] - got_1 - got_2)
        missing = _missing(contact, got_1, got_2)
        tally["duplicates"] += twice
        tally["lost"] += bool(missing)
        findings += [f"{contact['message_1']}: received {twice} messages too many"] if twice else []
        findings += [f"{contact['message_1']}: {missing}"] if missing else []
    findings += [f"reference {reference} is not in our database" for reference in received]
    return Proof(
        contacts=len(contacts),
        sent_once=tally["sent_once"],
        followed_up_once=tally["followed_up_once"],
        duplicates=tally["duplicates"] + sum(received.values()),
        lost=tally["lost"],
        states=dict(sorted(Counter(contact["state"] for contact in contacts).items())),
        findings=findings,
    )


def _missing(contact: dict[str, Any], got_1: int, got_2: int) -> str | None:
    state = ContactState(contact["state"])
    claims_1 = contact["status_1"] in _HANDED_OVER
    claims_2 = contact["status_2"] in _HANDED_OVER
    owed = contact["reacted_in_time"] and state in {ContactState.NO_INTERACTION, ContactState.MESSAGE_2_SENT}
    earned = state in {ContactState.MESSAGE_2_SENT, ContactState.OPTED_OUT}
    problems = (
        (not is_final(state), f"has no final state, but {state}"),
        (claims_1 and not got_1, "Message 1 was claimed as sent but never arrived"),
        (got_1 and not claims_1, f"Message 1 arrived but is recorded as {contact['status_1']}"),
        (claims_2 and not got_2, "Message 2 was claimed as sent but never arrived"),
        (got_2 and not earned, f"Message 2 arrived but the contact is {state}"),
        (owed and not got_2, "reacted in time but never got Message 2"),
    )
    return next((sentence for is_wrong, sentence in problems if is_wrong), None)
