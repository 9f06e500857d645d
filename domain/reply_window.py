"""Did this reaction come in time? The one place that answers.

A window is half open: a reaction 23:59:59.999 after Message 1 counts, one at 24:00:00.000 does not (E2, E6).
All times are timezone-aware; the reaction's time is the provider's, never later than our receipt of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyWindow:
    """The time in which a contact may earn Message 2."""

    sent_at: datetime
    length: timedelta
    grace: timedelta  # how long webhooks in flight may still land after the window

    @property
    def ends_at(self) -> datetime:
        """The first instant that is too late."""
        return self.sent_at + self.length

    @property
    def settles_at(self) -> datetime:
        """When the window is settled for good."""
        return self.ends_at + self.grace

    def admits(self, *, occurred_at: datetime, received_at: datetime) -> bool:
        """Whether a reaction at that time, whose webhook landed at that time, earns Message 2.

        One that seems to precede Message 1 counts too: provider times have whole seconds, clocks differ,
        and attribution has already tied the reaction to this message.
        """
        return occurred_at < self.ends_at and received_at <= self.settles_at
