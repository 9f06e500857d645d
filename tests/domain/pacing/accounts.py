"""Accounts of every maturity, and moments in Paris, for the tests of pacing."""

from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from domain.pacing.maturity import History

NEW = History(age_days=0, sending_days=0, messages=0, failures=0)
ESTABLISHED = History(age_days=30, sending_days=8, messages=1000, failures=0)
MATURE = History(age_days=400, sending_days=100, messages=20_000, failures=10)

PARIS = ZoneInfo("Europe/Paris")


def paris(text: str) -> float:
    """Unix seconds of a moment such as 2026-06-01T08:00 on a clock in Paris; the earlier one of two."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()


def middle() -> float:
    """The mean of a random number from 0 to 1."""
    return 0.5


def seeded(seed: int) -> Random:
    """Chance that can be repeated."""
    return Random(seed)  # noqa: S311 - nobody has to keep a pace secret
