"""The hours in which a careful sender writes to nobody first."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Night:
    """From `starts` to `ends` on the clock of a time zone; it may span midnight. Equal times: no night."""

    starts: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def of(cls, starts: str, ends: str, zone: str) -> "Night":
        """From HH:MM texts and the name of a zone such as Europe/Paris. Raises ValueError when one is wrong."""
        try:
            return cls(time.fromisoformat(starts), time.fromisoformat(ends), ZoneInfo(zone))
        except KeyError as error:  # what ZoneInfo raises for a name that it does not know
            raise ValueError(f"there is no time zone {zone}") from error

    def over(self, at: float) -> float:
        """`at` itself by day; at night, the moment at which the night ends."""
        local = datetime.fromtimestamp(at, self.zone)
        now = local.timetz().replace(tzinfo=None)
        if self.starts < self.ends:
            is_night = self.starts <= now < self.ends
        else:
            is_night = self.starts != self.ends and (now >= self.starts or now < self.ends)
        if not is_night:
            return at
        morning = datetime.combine(local.date(), self.ends, self.zone)
        if morning <= local:
            morning += timedelta(days=1)  # wall-clock arithmetic: the night ends by the clock on the wall
        over = morning.timestamp()
        # In autumn the clock shows one hour twice: past the first of the two, the night ends with the second.
        return over if over > at else morning.replace(fold=1).timestamp()
