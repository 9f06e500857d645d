"""What statistics are made of: the time to a reply in classes, and rates, also of nothing."""

from dataclasses import asdict, dataclass

MINUTE_S = 60.0
HOUR_S = 3600.0
# Each class ends before its limit; the names are those of the columns that count them.
REPLY_TIME_LIMITS_S: dict[str, float | None] = {
    "under_1_min": MINUTE_S,
    "under_5_min": 5 * MINUTE_S,
    "under_30_min": 30 * MINUTE_S,
    "under_1_h": HOUR_S,
    "under_6_h": 6 * HOUR_S,
    "under_24_h": 24 * HOUR_S,
    "later": None,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyTimes:
    """How many contacts reacted how soon after Message 1, by their first reaction; each is in one class."""

    under_1_min: int = 0
    under_5_min: int = 0
    under_30_min: int = 0
    under_1_h: int = 0
    under_6_h: int = 0
    under_24_h: int = 0
    later: int = 0

    @property
    def contacts(self) -> int:
        """How many contacts reacted at all."""
        return sum(asdict(self).values())


def reply_time_class(reply_after_s: float) -> str:
    """The class of a reply that took so many seconds."""
    return next(
        name for name, limit_s in REPLY_TIME_LIMITS_S.items() if limit_s is None or reply_after_s < limit_s
    )


def rate(part: int, whole: int) -> float:
    """From 0 to 1 with four decimals; 0 as long as there is nothing to take a part of."""
    return round(part / whole, 4) if whole else 0.0
