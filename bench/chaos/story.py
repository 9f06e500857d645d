"""A history, sorted by what a judge asks about: whose message, which reaction, when was the provider frozen."""

from collections import defaultdict
from dataclasses import dataclass, field

from bench.chaos.history import Entry, History


@dataclass(frozen=True, slots=True)
class Case:
    """One contact in one campaign."""

    campaign: Entry
    phone: str
    accepted: dict[int, list[Entry]]  # by message, 1 or 2
    told: list[Entry]  # webhooks about what this person did
    final: Entry | None

    @property
    def name(self) -> str:
        """For findings."""
        return f"{self.campaign['campaign']} {self.phone}"

    def first_at(self, message: int) -> float | None:
        """When the provider took it."""
        times = [entry["at"] for entry in self.accepted[message]]
        return min(times) if times else None

    @property
    def window_opens(self) -> tuple[float, float] | None:
        """The earliest and the latest moment that counts as the sending of Message 1."""
        if not self.accepted[1]:
            return None
        first = min(self.accepted[1], key=lambda entry: float(entry["at"]))
        return first["at"], max(first["at"], first["sent_at"] or first["at"])


@dataclass(slots=True)
class Story:
    """Everything, by subject."""

    history: History
    campaigns: dict[str, Entry] = field(default_factory=dict)
    devices: dict[str, Entry] = field(default_factory=dict)
    accepted: list[Entry] = field(default_factory=list)
    told: list[Entry] = field(default_factory=list)
    closed: dict[str, Entry] = field(default_factory=dict)
    stored: Entry | None = None
    cases: list[Case] = field(default_factory=list)
    frozen: list[tuple[float, float]] = field(default_factory=list)  # when the provider was
    skew_s: float = 0.0  # how far the provider's clock ran ahead

    @classmethod
    def of(cls, history: History) -> "Story":
        """Reads a history."""
        story = cls(history)
        contacts: dict[tuple[str, str], Entry] = {}
        for entry in history:
            match entry["op"]:
                case "campaign":
                    story.campaigns[entry["campaign"]] = entry
                case "device":
                    story.devices[entry["device"]] = entry
                case "accepted":
                    story.accepted.append(entry)
                case "told":
                    story.told.append(entry)
                case "closed":
                    story.closed[entry["campaign"]] = entry
                case "clock":
                    story.skew_s = entry["offset_s"]
                case "stored":
                    story.stored = entry
                case "contact":
                    contacts[entry["campaign"], entry["phone"]] = entry
        story.accepted.sort(key=lambda entry: float(entry["at"]))
        story.frozen = _frozen(history, "provider")
        story._open_cases(contacts)
        return story

    def _open_cases(self, contacts: dict[tuple[str, str], Entry]) -> None:
        sent: dict[tuple[str, str, int], list[Entry]] = defaultdict(list)
        for entry in self.accepted:
            sent[entry["campaign"], entry["phone"], entry["message"]].append(entry)
        told: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.told:
            if entry["means"] != "status":
                told[entry["phone"]].append(entry)
        for name, campaign in self.campaigns.items():
            self.cases += [
                Case(
                    campaign,
                    phone,
                    {message: sent[name, phone, message] for message in (1, 2)},
                    told[phone],
                    contacts.get((name, phone)),
                )
                for phone in campaign["phones"]
            ]

    def calls(self, *ops: str) -> list[Entry]:
        """Invocations and answers of these calls, in their order."""
        return [entry for entry in self.history if entry["op"] in ops and entry["kind"] != "info"]

    def in_flight_until(self, at: float, patience_s: float) -> float:
        """Until when a message may still be taken whose POST left before `at`.

        A provider that was frozen reads what had reached it once it goes on, whoever waits for the answer.
        """
        until = at + patience_s
        for began, ended in self.frozen:
            if began <= until and ended >= at:
                until = max(until, ended + patience_s)
        return until

    def froze_between(self, start: float, end: float, slack_s: float) -> bool:
        """Whether the provider was frozen in that time, so that its clock says nothing about ours."""
        return any(began <= end and ended + slack_s >= start for began, ended in self.frozen)


def _frozen(history: History, role: str) -> list[tuple[float, float]]:
    spans = []
    began: float | None = None
    for entry in history:
        if entry.get("role") != role or entry.get("how") != "freeze":
            continue
        if entry["op"] == "down":
            began = entry["at"]
        elif began is not None:
            spans.append((began, entry["at"]))
            began = None
    return spans
