"""Wassenger's times: ISO text, or unix seconds."""

from datetime import UTC, datetime

_FIRST_YEAR = 2015  # before Wassenger existed: nonsense


def read_time(value: object) -> datetime | None:
    """The moment, or None when the value is missing or absurd."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            moment = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str) and value.isdigit():
            moment = datetime.fromtimestamp(int(value), UTC)
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value)
        else:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None
