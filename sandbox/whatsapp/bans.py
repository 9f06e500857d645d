"""What WhatsApp holds against a number that sends like a machine, and when it has had enough.

Knows neither HTTP nor a clock: it is told what happened and when.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from math import sqrt
from statistics import fmean, median
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox.whatsapp.ban_rules import BanRules

Rule = Literal[
    "beat",
    "gap",
    "per_minute",
    "volume",
    "night",
    "run",
    "unknown",
    "reported",
    "identical",
]

DAY_S = 86400.0
PAUSE_FACTOR = 3.0  # a gap that many times as long as usual is a pause, which does not hide the beat around it
INCREASES_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Number:
    """What the rules ask of a number itself."""

    born_at: float
    timezone: str

    def age_days(self, at: float) -> float:
        return (at - self.born_at) / DAY_S

    def day_of_life(self, at: float) -> int:
        """0 on the day it came to life, by the calendar of where it is: warm-up plans count in such days."""
        return (self._local(at).date() - self._local(self.born_at).date()).days

    def hour(self, at: float) -> int:
        return self._local(at).hour

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, ZoneInfo(self.timezone))


@dataclass(frozen=True, slots=True)
class Send:
    """A message that left for somebody's phone."""

    at: float
    body: str | None = None
    invited: bool = False  # its reader had written to the number not long before
    on_whatsapp: bool = True  # else it failed, and WhatsApp saw somebody write to a number that is not there


@dataclass(frozen=True, slots=True)
class Increase:
    """One step of the score."""

    at: float
    rule: Rule
    reason: str
    points: float
    score: float  # of all rules, after this step


Breach = tuple[Rule, float, str]
"""Rule, points, reason."""


class Conduct:
    """How one number has behaved, as far as WhatsApp remembers."""

    def __init__(self) -> None:
        self.increases: deque[Increase] = deque(maxlen=INCREASES_KEPT)
        self.sends = 0
        self.unsolicited = 0
        self._points: dict[Rule, float] = {}
        self._points_at = 0.0
        self.last: deque[Send] = deque()  # of all, as many as the shares are taken of
        self.bodies: Counter[str | None] = Counter()  # of those
        self._reported_at_send: deque[int] = deque()
        self.day: deque[float] = deque()  # when the unsolicited ones of the last 24 h left
        self.gaps: deque[float] = deque()  # between those
        self.run = 0

    def observe(self, send: Send, number: Number, rules: BanRules) -> str | None:
        """Takes a send into account; gives the reason when it is the one too many."""
        self._remember(send, rules)
        breaches: list[Breach] = []
        if not send.invited:
            self._remember_unsolicited(send.at, rules)
            breaches += (breach for rule in UNSOLICITED_RULES for breach in rule(self, send, number, rules))
        breaches += unknown_recipient(self, send, rules)
        breaches += identical_text(self, send, rules)
        return self._judge(send.at, breaches, rules)

    def observe_report(self, at: float, rules: BanRules) -> str | None:
        """Somebody blocked or reported the number; gives the reason when that is the one too many."""
        self._reported_at_send.append(self.sends)
        while self._reported_at_send[0] <= self.sends - rules.ban_share_of:
            self._reported_at_send.popleft()
        share = len(self._reported_at_send) / max(1, len(self.last))
        if len(self.last) < rules.ban_share_from or share <= rules.ban_reported_share:
            return None
        reason = f"{share:.0%} of the last {len(self.last)} messages were reported"
        return self._judge(at, [("reported", rules.ban_reported_points, reason)], rules)

    def scores(self, at: float, rules: BanRules) -> dict[Rule, float]:
        """What each rule still counts at a moment."""
        decay = 0.5 ** (max(0.0, at - self._points_at) / rules.ban_half_life_s)
        return {rule: points * decay for rule, points in self._points.items()}

    def _remember(self, send: Send, rules: BanRules) -> None:
        self.sends += 1
        self.last.append(send)
        self.bodies[send.body] += 1
        while len(self.last) > rules.ban_share_of:
            self.bodies[self.last.popleft().body] -= 1
        if len(self.bodies) > 2 * rules.ban_share_of:
            self.bodies = +self.bodies  # without those that nobody says any more

    def _remember_unsolicited(self, at: float, rules: BanRules) -> None:
        self.unsolicited += 1
        gap = max(0.0, at - self.day[-1]) if self.day else None
        if gap is not None:
            self.gaps.append(gap)
        while len(self.gaps) > rules.ban_beat_gaps:
            self.gaps.popleft()
        is_rested = gap is None or gap >= rules.ban_run_pause_s * (1 - rules.ban_slack)
        self.run = 1 if is_rested else self.run + 1
        self.day.append(at)
        while self.day[0] <= at - DAY_S:
            self.day.popleft()

    def _judge(self, at: float, breaches: list[Breach], rules: BanRules) -> str | None:
        self._points = self.scores(at, rules)
        self._points_at = max(self._points_at, at)
        for rule, points, reason in breaches:
            before = self._points.get(rule, 0.0)
            if not points or (rule == "identical" and before + points > rules.ban_identical_most):
                continue
            self._points[rule] = before + points
            self.increases.append(Increase(at, rule, reason, points, sum(self._points.values())))
        if not breaches or sum(self._points.values()) < rules.ban_score:
            return None
        heaviest = max(self._points, key=lambda rule: self._points[rule])
        latest = next(step for step in reversed(self.increases) if step.rule == heaviest)
        return f"{heaviest}: {latest.reason}"


def machine_beat(conduct: Conduct, _send: Send, _number: Number, rules: BanRules) -> Iterator[Breach]:
    """Gaps as even as no human keeps them, pauses left out."""
    if len(conduct.gaps) < rules.ban_beat_gaps:
        return
    usual = median(conduct.gaps)
    gaps = [gap for gap in conduct.gaps if gap <= PAUSE_FACTOR * usual]
    mean = fmean(gaps)
    if mean >= rules.ban_beat_longest_gap_s:
        return
    variation = sqrt(fmean((gap - mean) ** 2 for gap in gaps)) / mean if mean else 0.0
    if variation < rules.ban_beat_variation:
        reason = f"{len(gaps)} gaps of about {mean:.1f} s vary by {variation:.1%} only"
        yield "beat", rules.ban_beat_points, reason


def short_gap(conduct: Conduct, send: Send, number: Number, rules: BanRules) -> Iterator[Breach]:
    """Faster than anybody types to one person after the other."""
    if len(conduct.day) < 2:  # the one before is more than a day ago
        return
    shortest = rules.ban_gap_young_s if is_young(send, number, rules) else rules.ban_gap_s
    gap = conduct.gaps[-1]
    if gap < shortest * (1 - rules.ban_slack):
        yield "gap", rules.ban_gap_points, f"a gap of {gap:.1f} s, where {shortest:g} s is the least"


def crowded_minutes(conduct: Conduct, send: Send, number: Number, rules: BanRules) -> Iterator[Breach]:
    """A young number that keeps up more than its rate."""
    over_s = rules.ban_per_minute_over_s
    allowed = rules.ban_per_minute * over_s / 60
    nth_last = next(islice(reversed(conduct.day), int(allowed), None), None)
    if nth_last is not None and nth_last > send.at - over_s and is_young(send, number, rules):
        reason = f"more than {allowed:g} in {over_s:g} s, which is {rules.ban_per_minute} a minute"
        yield "per_minute", rules.ban_per_minute_points, reason


def daily_volume(conduct: Conduct, send: Send, number: Number, rules: BanRules) -> Iterator[Breach]:
    """More in 24 h than a number of this age is trusted with."""
    day = max(0, number.day_of_life(send.at))
    allowed = rules.ban_warm_up[day] if day < len(rules.ban_warm_up) else rules.ban_per_day
    if len(conduct.day) > allowed * rules.ban_volume_factor:
        reason = f"{len(conduct.day)} in 24 h on day {day + 1}, where about {allowed} are usual"
        yield "volume", rules.ban_volume_points, reason


def night_send(_conduct: Conduct, send: Send, number: Number, rules: BanRules) -> Iterator[Breach]:
    """A young number that writes to strangers while people sleep."""
    if not is_young(send, number, rules):
        return
    hour, starts, ends = number.hour(send.at), rules.ban_night_starts, rules.ban_night_ends
    is_night = starts <= hour < ends if starts <= ends else hour >= starts or hour < ends
    if is_night:
        yield "night", rules.ban_night_points, f"sent at {hour} o'clock in {number.timezone}"


def unbroken_run(conduct: Conduct, send: Send, number: Number, rules: BanRules) -> Iterator[Breach]:
    """A young number that never rests."""
    if conduct.run > rules.ban_run and is_young(send, number, rules):
        reason = f"{conduct.run} in a row without a pause of {rules.ban_run_pause_s:g} s"
        yield "run", rules.ban_run_points, reason


def unknown_recipient(conduct: Conduct, send: Send, rules: BanRules) -> Iterator[Breach]:
    """One more number that is not on WhatsApp, when there are many: the list was bought or made up."""
    count = len(conduct.last)
    if send.on_whatsapp or count < rules.ban_share_from:
        return
    share = sum(not past.on_whatsapp for past in conduct.last) / count
    if share > rules.ban_unknown_share:
        reason = f"{share:.0%} of the last {count} recipients are not on WhatsApp"
        yield "unknown", rules.ban_unknown_points, reason


def identical_text(conduct: Conduct, send: Send, rules: BanRules) -> Iterator[Breach]:
    """The same words to nearly everybody."""
    count = len(conduct.last)
    if send.body is None or count < rules.ban_share_from:
        return
    times = conduct.bodies[send.body]
    if times / count > rules.ban_identical_share:
        reason = f"{times / count:.0%} of the last {count} messages say the same"
        yield "identical", rules.ban_identical_points, reason


def is_young(send: Send, number: Number, rules: BanRules) -> bool:
    return number.age_days(send.at) < rules.ban_young_days


UNSOLICITED_RULES: tuple[Callable[[Conduct, Send, Number, BanRules], Iterator[Breach]], ...] = (
    machine_beat,
    short_gap,
    crowded_minutes,
    daily_volume,
    night_send,
    unbroken_run,
)
