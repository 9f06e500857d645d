"""When senders send: the careful ones, who must never be banned, and the machines, who must."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.whatsapp.ban_rules import BanRules
from sandbox.whatsapp.bans import Conduct, Number, Send

PARIS = ZoneInfo("Europe/Paris")
DAY_S = 86400.0
HOUR_S = 3600.0
MIDNIGHT = datetime(2026, 3, 2, tzinfo=PARIS).timestamp()  # a Monday
NOON = MIDNIGHT + 12 * HOUR_S

WARM_UP = (20, 50, 200, 500, 1000)
BREAKS = ((100, 20, 30), (60, 10, 15), (40, 5, 10), (20, 3, 5))  # after so many in a row, minutes

Draw = Callable[[float, float], float]


def number(age_days: float, at: float = NOON) -> Number:
    return Number(born_at=at - age_days * DAY_S, timezone="Europe/Paris")


def beat(gap_s: float, count: int, at: float = NOON) -> list[float]:
    return [at + nth * gap_s for nth in range(count)]


def draw_of(rng: random.Random, shape: str) -> Draw:
    """Gaps that are even over their range, or heap up around its middle like differences of slots."""
    return rng.triangular if shape == "triangular" else rng.uniform


def young_days(rng: random.Random, shape: str, days: int) -> Iterator[float]:
    """A new number that warms up: 10 to 35 s apart, breaks, an allowance that grows by the day, no nights."""
    draw = draw_of(rng, shape)
    for day in range(days):
        midnight = MIDNIGHT + day * DAY_S
        at = midnight + rng.uniform(6, 12 if day < 3 else 7) * HOUR_S
        for nth in range(WARM_UP[min(day, len(WARM_UP) - 1)]):
            if at >= midnight + 23 * HOUR_S:
                break
            yield at
            at += draw(10, 35) + break_s(rng, nth + 1)


def break_s(rng: random.Random, sent: int) -> float:
    """Breaks come after 20, 40, 60 and 100 in a row, and then from the start again."""
    in_row = sent % 100 or 100
    for after, shortest, longest in BREAKS:
        if in_row == after:
            return rng.uniform(shortest, longest) * 60
    return 0.0


def established_days(
    rng: random.Random, shape: str, gaps: tuple[float, float], every_50_s: float, days: int
) -> Iterator[float]:
    """An old number: 1000 in any 24 h, at any hour, as fast as its rhythm allows."""
    draw = draw_of(rng, shape)
    times: list[float] = []
    at = MIDNIGHT + rng.uniform(0, 24) * HOUR_S
    for nth in range(1000 * days):
        if nth >= 1000:
            at = max(at, times[-1000] + DAY_S)
        times.append(at)
        yield at
        at += draw(*gaps) + (every_50_s if nth % 50 == 49 else 0.0)


def sends_until_ban(
    times: list[float],
    sender: Number,
    rules: BanRules,
    conduct: Conduct | None = None,
    unknown_every: int | None = None,
) -> int | None:
    """Sends the same words at these times; gives the number of sends that it took, or None without a ban."""
    conduct = conduct or Conduct()
    for nth, at in enumerate(times, start=1):
        is_known = unknown_every is None or nth % unknown_every > 0
        if conduct.observe(Send(at=at, body="Hello", on_whatsapp=is_known), sender, rules):
            return nth
    return None
