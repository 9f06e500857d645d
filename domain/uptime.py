"""How much of the time something was up, from the stretches in which somebody has seen it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

TARGET = 0.999
# Nobody sees everything at every moment: two sights that are no further apart are one stretch.
BLINK = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One process has seen it up from `began_at` to `seen_at`, without a gap."""

    began_at: datetime
    seen_at: datetime
    stopped: bool = False  # it ended because somebody stopped it


@dataclass(frozen=True, kw_only=True, slots=True)
class Uptime:
    """Of one window, which begins no earlier than the first sight. Durations in seconds."""

    measured_s: float
    down_s: float
    stopped_s: float  # the part of `down_s` that began with an orderly stop
    outages: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when nothing was measured."""
        return 1 - self.down_s / self.measured_s if self.measured_s > 0 else None


def uptime(spans: Iterable[Span], since: datetime, now: datetime) -> Uptime:
    """What the spans say about the time from `since` to `now`; several may overlap.

    Time before the first span does not count. A stop counts as downtime, whoever wanted it. What was seen a
    moment ago is up now.
    """
    ordered = sorted((_until_now(span, now) for span in spans), key=lambda span: (span.began_at, span.seen_at))
    if not ordered:
        return Uptime(measured_s=0, down_s=0, stopped_s=0, outages=0)
    start = max(since, ordered[0].began_at)
    gaps = list(_gaps(ordered, start, now))
    return Uptime(
        measured_s=max(0.0, (now - start).total_seconds()),
        down_s=sum(length.total_seconds() for length, _ in gaps),
        stopped_s=sum(length.total_seconds() for length, after in gaps if after.stopped),
        outages=len(gaps),
    )


def is_up(span: Span, now: datetime) -> bool:
    """Whether it was seen a moment ago, and has not said goodbye."""
    return not span.stopped and now - span.seen_at <= BLINK


def _until_now(span: Span, now: datetime) -> Span:
    return replace(span, seen_at=max(span.seen_at, now)) if is_up(span, now) else span


def _gaps(ordered: list[Span], start: datetime, now: datetime) -> Iterator[tuple[timedelta, Span]]:
    """How long nobody saw it, and the span before."""
    last = ordered[0]
    # Who was seen for no time at all, as in a crash loop, does not make two outages of one.
    later = [span for span in ordered[1:] if span.seen_at > span.began_at]
    for span in [*later, Span(began_at=now, seen_at=now)]:
        begins_at, ends_at = max(last.seen_at, start), min(span.began_at, now)
        if ends_at > begins_at:
            yield ends_at - begins_at, last
        if span.seen_at >= last.seen_at:
            last = span
