"""How long a campaign takes at least: one that cannot fit its maximum age is refused before it starts."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the duration depends on. Durations in seconds."""

    contacts: int
    rates_per_s: list[float]  # Message 1 per second, one for each lane
    batch_size: int
    batch_pause_s: float
    window_s: float
    grace_s: float

    @property
    def duration_s(self) -> float:
        """Until the last window of the slowest lane is settled."""
        per_lane = ceil(self.contacts / len(self.rates_per_s))
        pauses_s = max(0, ceil(per_lane / self.batch_size) - 1) * self.batch_pause_s
        return per_lane / min(self.rates_per_s) + pauses_s + self.window_s + self.grace_s
