"""What must become of a contact, as plainly as it can be said: no database, no locks, one thing at a time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(seconds=100)
SENT_AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
HAPPENED_AT = {
    "sent": SENT_AT,
    "delivered": SENT_AT + timedelta(seconds=1),
    "read": SENT_AT + timedelta(seconds=2),
    "failed": SENT_AT + timedelta(seconds=1),
}
RANKS = ["pending", "accepted", "sent", "failed", "delivered", "read"]
OPEN = {"pending", "message_1_sent"}
ATTEMPTS = 3


@dataclass
class Reaction:
    """One stored interaction."""

    occurred_at: datetime
    within: bool
    duplicate: bool


@dataclass
class Message:
    """One of the two messages."""

    status: str = "pending"
    accepted: bool = False
    sent_at: datetime | None = None
    attempts: int = 0
    in_flight: bool = False

    def accept(self) -> None:
        """The answer to the POST: it has the message."""
        if self.status == "pending":
            self.status = "accepted"
        self.accepted, self.in_flight = True, False
        self.sent_at = self.sent_at or SENT_AT

    def hear(self, news: str) -> bool:
        """An acknowledgement; whether it said anything new."""
        if self.status == "cancelled":
            return False
        if news == "sent" and self.status in {"delivered", "read"}:
            self.sent_at = HAPPENED_AT["sent"]
        if RANKS.index(news) <= RANKS.index(self.status):
            return False
        self.status = news
        if news != "failed":
            self.accepted = True
            self.sent_at = HAPPENED_AT["sent"] if news == "sent" else self.sent_at or HAPPENED_AT[news]
        return True


@dataclass
class Person:
    """One contact of the campaign."""

    state: str = "pending"
    message_1: Message = field(default_factory=Message)
    message_2: Message | None = None
    reactions: list[Reaction] = field(default_factory=list)

    @property
    def was_written_to(self) -> bool:
        """Whether a message from this number can belong to the campaign."""
        return self.message_1.accepted or self.message_1.attempts > 0

    @property
    def has_earned_message_2(self) -> bool:
        """A reaction before the end of the window."""
        sent_at = self.message_1.sent_at
        return sent_at is not None and any(r.occurred_at < sent_at + WINDOW for r in self.reactions)

    def begin(self) -> str:
        """An attempt to send Message 1: the answer of the database."""
        message = self.message_1
        if message.accepted:
            self.state = "message_1_sent" if self.state == "pending" else self.state
            message.in_flight = False
            return "Settled"
        if message.in_flight:
            return "Unresolved"
        if self.state != "pending" or message.status != "pending":
            message.status = "cancelled" if message.status == "pending" else message.status
            return "Settled"
        message.attempts, message.in_flight = message.attempts + 1, True
        return "Ready"

    def answer(self) -> None:
        """The provider has Message 1."""
        self.message_1.accept()
        self.state = "message_1_sent" if self.state == "pending" else self.state

    def lose(self) -> None:
        """The provider never got Message 1."""
        message, message.in_flight = self.message_1, False
        if self.state not in OPEN:
            message.status = "cancelled"
        elif message.attempts >= ATTEMPTS:
            message.status = self.state = "failed"

    def hear(self, news: str) -> None:
        """An acknowledgement of Message 1."""
        is_new = self.message_1.hear(news)
        if is_new and news == "failed" and self.state in OPEN and not self.reactions:
            self.state = "failed"

    def react(self, occurred_at: datetime) -> None:
        """Any kind of reaction."""
        sent_at = self.message_1.sent_at
        within = sent_at is None or occurred_at < sent_at + WINDOW
        earned_before = self.message_2 is not None or any(reaction.within for reaction in self.reactions)
        self.reactions.append(Reaction(occurred_at, within, within and earned_before))
        if self.state == "no_interaction":
            self.state = "late_interaction"

    def stop(self, state: str) -> None:
        """STOP, or the end of the campaign."""
        if self.state in OPEN:
            self.state = state

    def follow_up(self) -> None:
        """Message 2 goes out to whoever still may have it."""
        if self.state == "message_1_sent":
            self.message_2 = Message()
            self.message_2.accept()
            self.state = "message_2_sent"

    def settle(self) -> None:
        """The window and its grace are over."""
        if self.state not in OPEN or self.message_1.sent_at is None:
            return
        for reaction in self.reactions:
            reaction.within = reaction.within or reaction.occurred_at < self.message_1.sent_at + WINDOW
        if not self.has_earned_message_2:
            self.state = "late_interaction" if self.reactions else "no_interaction"
