"""What a person sees of a campaign on the terminal: live bars, and the table at the end."""

from time import monotonic
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.api_client import ApiClient, ApiUnavailableError

_STATES = {
    "message_2_sent": ("reacted in time, got Message 2", "green"),
    "no_interaction": ("did not react", "white"),
    "late_interaction": ("reacted too late", "yellow"),
    "opted_out": ("opted out", "magenta"),
    "failed": ("failed", "red"),
    "cancelled": ("cancelled", "red"),
    "expired": ("not settled before the maximum age", "red"),
    "message_1_sent": ("waiting for a reaction", "cyan"),
    "pending": ("waiting for Message 1", "blue"),
}
_BAR_WIDTH = 40


class CampaignScreen:
    """Turns the API's view of one campaign into something to look at, again and again."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, int]] = []
        self._all_sent_at: float | None = None

    def render(self, campaign: dict[str, Any]) -> RenderableType:
        """Bars, counters, rate and time left."""
        counts = campaign["counts"]
        total = counts["total_contacts"]
        bars = Table.grid(padding=(0, 2))
        reached = total - counts["contacts_by_state"]["pending"]
        for label, done, of in (
            ("Message 1", reached, total),
            ("Delivered", counts["messages_delivered"], counts["messages_sent"]),
            ("Message 2", counts["messages_2_sent"], counts["messages_1_sent"]),
            ("Final", counts["final_contacts"], total),
        ):
            bar = ProgressBar(total=max(1, of), completed=done, width=_BAR_WIDTH)
            bars.add_row(label, bar, f"{done:>6} of {of}")
        line = Text.assemble(
            (f"{campaign['status']}  ", "bold"),
            f"{self._rate(counts['messages_1_sent']):.1f} Message 1 per second  ",
            f"{counts['interactions']} interactions  {counts['failures']} failed messages  ",
            self._time_left(campaign),
        )
        return Group(Text(campaign["name"], style="bold"), bars, line)

    def _rate(self, sent: int) -> float:
        """Over the last ten seconds."""
        now = monotonic()
        self._samples = [(at, count) for at, count in self._samples if now - at <= 10]
        self._samples.append((now, sent))
        (first_at, first), (last_at, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0

    def _time_left(self, campaign: dict[str, Any]) -> str:
        if campaign["closed_at"]:
            return "closed"
        pending = campaign["counts"]["contacts_by_state"]["pending"]
        window_s = campaign["window_s"] + campaign["grace_s"]
        if pending:
            rate = self._rate(campaign["counts"]["messages_1_sent"])
            return f"about {_duration(pending / rate + window_s)} left" if rate else "time left not known yet"
        if self._all_sent_at is None:
            self._all_sent_at = monotonic()
        return f"at most {_duration(max(0.0, self._all_sent_at + window_s - monotonic()))} left"


def follow(api: ApiClient, campaign_id: str, screen: CampaignScreen, live: Live) -> dict[str, Any] | None:
    """Shows where a campaign stands; None while the API is away, which is no reason to stop looking."""
    try:
        campaign: dict[str, Any] = api.get(f"/api/campaigns/{campaign_id}")
    except ApiUnavailableError as error:
        live.update(Text(f"waiting for the API: {error}", style="yellow"))
        return None
    live.update(screen.render(campaign))
    return campaign


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, seconds_left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds_left} s" if minutes else f"{seconds_left} s"


def estimate_table(estimate: dict[str, Any]) -> Table:
    """When a campaign will be done, and what holds it up."""
    table = Table(title="Estimate", show_header=False)
    table.add_row("Message 1 still to send", str(estimate["contacts"]))
    table.add_row("last Message 1", estimate["messages_1_done_at"] or "too far away to say")
    table.add_row("closes", estimate["closes_at"] or "too far away to say")
    verdict = "[green]fits[/]" if estimate["fits"] else "[red]does not fit[/]"
    table.add_row("maximum age", f"{estimate['closes_by']}, {verdict}")
    for sender_id, messages in estimate["messages_1_by_sender"].items():
        table.add_row(f"from sender {sender_id}", str(messages))
    for what, seconds in list(estimate["held_up_by"].items())[:4]:
        table.add_row(f"waits for {what.replace('_', ' ')}", _duration(seconds))
    return table


def campaigns_table(campaigns: list[dict[str, Any]]) -> Table:
    """The campaigns with how far each of them got."""
    table = Table("id", "name", "status", "starts or started", "contacts", "done", "sent", "reactions")
    for campaign in campaigns:
        moment = campaign["started_at"] or campaign["start_at"] or ""
        table.add_row(
            campaign["id"],
            Text(campaign["name"]),
            campaign["status"],
            moment[:16].replace("T", " "),
            *(str(campaign[n]) for n in ("total_contacts", "final_contacts", "messages_sent", "interactions")),
        )
    return table


def states_table(states: dict[str, int]) -> Table:
    """Contacts by state, with what each state means."""
    table = Table(title="Contacts by state")
    table.add_column("state")
    table.add_column("meaning")
    table.add_column("contacts", justify="right")
    for state, (meaning, style) in _STATES.items():
        if states.get(state):
            table.add_row(f"[{style}]{state}[/]", meaning, str(states[state]))
    table.add_section()
    table.add_row("", "all", str(sum(states.values())))
    return table


def rejected_table(rejected: list[dict[str, Any]], at_most: int = 100) -> Table:
    """The rows of a file that are no contacts, and why."""
    table = Table(title=f"{len(rejected)} rejected rows")
    table.add_column("line", justify="right")
    table.add_column("value")
    table.add_column("reason")
    for row in rejected[:at_most]:
        table.add_row(str(row["line"]), Text(row["value"]), Text(row["reason"]))
    if len(rejected) > at_most:
        table.add_row("…", f"and {len(rejected) - at_most} more", "")
    return table
