"""What a contact's workflow gets told: an id and a time, never personal data.

Signals may come twice, late and in any order; the id makes the second one harmless.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """The contact reacted."""

    id: str  # interactions.id
    occurred_at: datetime  # the provider's time, never later than received_at
    received_at: datetime
    message_1_sent_at: datetime | None  # as known when the reaction was stored; acks refine it


@dataclass(frozen=True, kw_only=True)
class Stop:
    """The contact's way ends here, decided and stored elsewhere."""

    id: str  # what caused it: a webhook event, a campaign
    at: datetime
    state: str  # the final ContactState, already stored
