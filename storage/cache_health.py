"""How the cache does: a circuit breaker in front of Redis, and what the lookups came to."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

FAILURES_UNTIL_OPEN = 5
OPEN_S = 5.0
LOOKUPS_PER_JUDGEMENT = 100
WORST_MISS_RATE = 0.5
LATENCIES_KEPT = 1000


class Breaker:
    """Leaves Redis alone for a while after failures in a row; then one caller tries whether it is back."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def is_closed(self) -> bool:
        """Whether everybody may pass."""
        return self._open_until is None

    def allows(self) -> bool:
        """Whether this caller may pass. Whoever does says how it went, by one of the following."""
        if self._open_until is None:
            return True
        if self._probing or self._now() < self._open_until:
            return False
        self._probing = True
        return True

    def succeeded(self) -> bool:
        """Redis answered; True if it had been away."""
        was_open = self._open_until is not None
        self._failures, self._open_until, self._probing = 0, None, False
        return was_open

    def failed(self) -> bool:
        """Redis did not answer; True if that opens the breaker now."""
        self._failures += 1
        was_closed = self._open_until is None
        if was_closed and self._failures < FAILURES_UNTIL_OPEN:
            return False
        self._open_until, self._probing = self._now() + OPEN_S, False
        return was_closed

    def released(self) -> None:
        """The caller went away before there was an answer."""
        self._probing = False


@dataclass(slots=True)
class CacheMetrics:
    """What the lookups of this process came to."""

    hits: int = 0
    misses: int = 0
    bypassed: int = 0  # lookups while Redis was away: neither hit nor miss
    errors: int = 0
    by_area: dict[str, tuple[int, int]] = field(default_factory=dict)  # hits and misses
    _latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    _judged_hits: int = 0
    _judged_misses: int = 0

    @property
    def hit_rate(self) -> float:
        """From 0 to 1; 0 before the first lookup."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0

    def looked_up(self, area: str, *, hit: bool) -> None:
        """Counts a lookup; warns when more than half of the last hundred missed (C3)."""
        hits, misses = self.by_area.get(area, (0, 0))
        self.by_area[area] = (hits + hit, misses + (not hit))
        self.hits += hit
        self.misses += not hit
        hits, misses = self.hits - self._judged_hits, self.misses - self._judged_misses
        if hits + misses < LOOKUPS_PER_JUDGEMENT:
            return
        self._judged_hits, self._judged_misses = self.hits, self.misses
        if misses / (hits + misses) > WORST_MISS_RATE:
            log.warning("cache misses most of the time", hits=hits, misses=misses)

    def took(self, duration_s: float) -> None:
        """One operation that worked."""
        self._latencies_s.append(duration_s)

    def latency_s(self, quantile: float) -> float | None:
        """Of the last operations; None before the first."""
        if not self._latencies_s:
            return None
        ordered = sorted(self._latencies_s)
        return ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]
