"""Time in the sandbox is real time plus an offset, so that a 24 hour wait can be tested in a second."""

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

Action = Callable[[float], None]
"""Called with the moment it was due, which after a jump of the clock lies in the past."""

log = logging.getLogger(__name__)

ACTIONS_PER_TURN = 100  # then requests get their turn: a jump of the clock can make thousands due at once


class Clock:
    """The sandbox's idea of now, in unix seconds."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        return time.time() + self.offset_s


class Agenda:
    """What is to happen when; whatever is due happens in the order of its due times.

    An action that schedules another one does so from its own due time. A chain of steps therefore keeps its
    exact distances, whether it runs live or is caught up with after the clock was advanced.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._entries: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None

    def at(self, due: float, action: Action) -> None:
        """Runs `action` when `due` has come; one already past runs at the next turn of the event loop."""
        heapq.heappush(self._entries, (due, next(self._order), action))
        if self._entries[0][0] == due:
            self._set_alarm()

    def advance(self, seconds: float) -> None:
        self.clock.offset_s += seconds
        self._set_alarm()

    async def sleep(self, seconds: float) -> None:
        """Waits on the sandbox's clock, not on the wall's."""
        over = asyncio.get_running_loop().create_future()
        self.at(self.clock.now() + seconds, lambda _due: None if over.done() else over.set_result(None))
        await over

    def cancel_all(self) -> None:
        self._entries.clear()
        self._set_alarm()

    def __len__(self) -> int:
        return len(self._entries)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._entries:
            wait_s = max(0.0, self._entries[0][0] - self.clock.now())
            self._alarm = asyncio.get_running_loop().call_later(wait_s, self._run_due)

    def _run_due(self) -> None:
        for _ in range(ACTIONS_PER_TURN):
            if not self._entries or self._entries[0][0] > self.clock.now():
                break
            due, _order, action = heapq.heappop(self._entries)
            try:
                action(due)
            except Exception:
                log.exception("An action of the agenda failed; the others go on")
        self._set_alarm()


def iso(moment: float | None) -> str | None:
    """Unix seconds as Wassenger writes dates: UTC, milliseconds, `Z`."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_moment(text: str) -> float:
    """An ISO date, or unix seconds as text, in unix seconds; a date without a zone is UTC.

    Raises
    ------
    ValueError
        When the text is neither.
    """
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
