"""The numbers of a campaign: live while it runs, frozen in its report when it closes (E16, A5)."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignCounters:
    """How many contacts are in each state, and what became of the messages."""

    total_contacts: int
    pending: int
    message_1_sent: int  # contacts that wait for a reaction now
    message_2_sent: int
    no_interaction: int
    late_interaction: int
    failed: int
    opted_out: int
    cancelled: int
    expired: int
    messages_1_sent: int  # messages that the provider accepted, ever
    messages_2_sent: int
    messages_1_delivered: int
    messages_1_read: int
    messages_delivered: int  # both messages together
    messages_read: int
    failures: int  # messages that failed for good
    interactions: int
    suppressed_duplicates: int

    @property
    def messages_sent(self) -> int:
        """Both messages together."""
        return self.messages_1_sent + self.messages_2_sent

    @property
    def final_contacts(self) -> int:
        """How many contacts need nothing more."""
        return self.total_contacts - self.pending - self.message_1_sent

    def by_state(self) -> dict[str, int]:
        """Contacts by state, in the order of their way."""
        states = (
            "pending",
            "message_1_sent",
            "message_2_sent",
            "no_interaction",
            "late_interaction",
            "failed",
            "opted_out",
            "cancelled",
            "expired",
        )
        return {state: getattr(self, state) for state in states}


NOTHING_YET = CampaignCounters(**{field.name: 0 for field in fields(CampaignCounters)})


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosingReport:
    """What a campaign came to."""

    campaign_id: str
    name: str
    started_at: datetime
    closed_at: datetime
    close_reason: str  # all_final, max_age, cancelled
    counters: CampaignCounters

    @property
    def reply_rate(self) -> float:
        """The share of those reached who earned Message 2, from 0 to 1."""
        reached = self.counters.messages_1_sent
        return self.counters.message_2_sent / reached if reached else 0.0

    def to_json(self) -> dict[str, Any]:
        """The form in which the report is stored."""
        return {
            **asdict(self),
            "started_at": self.started_at.isoformat(),
            "closed_at": self.closed_at.isoformat(),
            "duration_s": (self.closed_at - self.started_at).total_seconds(),
            "reply_rate": round(self.reply_rate, 4),
            "summary": self.summary(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The report that `to_json` stored."""
        return cls(
            campaign_id=stored["campaign_id"],
            name=stored["name"],
            started_at=datetime.fromisoformat(stored["started_at"]),
            closed_at=datetime.fromisoformat(stored["closed_at"]),
            close_reason=stored["close_reason"],
            counters=CampaignCounters(**stored["counters"]),
        )

    def summary(self) -> str:
        """The report in one sentence."""
        counters = self.counters
        reasons = {
            "all_final": "every contact reached a final state",
            "max_age": "its maximum age was reached",
            "cancelled": "it was cancelled",
        }
        return (
            f"{self.name}: Message 1 sent to {counters.messages_1_sent} of {counters.total_contacts} contacts, "
            f"{counters.messages_2_sent} reacted in time and got Message 2, "
            f"{counters.no_interaction} did not react, {counters.late_interaction} reacted too late, "
            f"{counters.failed} failed, {counters.opted_out} opted out. "
            f"It closed because {reasons[self.close_reason]}."
        )
