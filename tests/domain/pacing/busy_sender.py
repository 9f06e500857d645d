"""A sender with endless work in a world of chance, and a witness that keeps its own account of the rules."""

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import ceil, inf
from random import Random

from domain.pacing.errors import Outcomes, adapted
from domain.pacing.maturity import History
from domain.pacing.pace import FixedRates
from domain.pacing.quota import DAY_S, MARGIN_S, Replies
from domain.pacing.rhythm import Rhythm
from domain.pacing.simulation import Hold, SimulatedSender
from domain.run_settings import RunSettings

ROUNDING_S = 1e-6
CAMPAIGN = "campaign"


@dataclass(frozen=True, kw_only=True)
class World:
    """What a sender lives in. Probabilities are per message."""

    starts: float
    settings: RunSettings
    history: History
    fixed: FixedRates
    reply_rate: float
    replies_after_s: float  # on average
    error_rate: float
    restarts: float
    jumps: float


@dataclass
class Witness:
    """Sees every message leave, knows the rules, and shares nothing with the sender."""

    settings: RunSettings
    sent: deque[float] = field(default_factory=deque)  # of the last 24 hours and the margin
    last_at: float = -inf
    last_gap_s: float = 0.0
    last_reply_turn: float = -inf  # from when on the next Message 2 may leave by its gap
    kept: float = inf  # places that the last Message 1 left to Messages 2
    messages_2_since: int = 0
    starved: int = 0
    messages_1: int = 0
    messages_2: int = 0

    def message_1(self, sender: SimulatedSender, at: float, due: int) -> None:
        """P1, P2: a Message 1 is about to leave while so many Messages 2 are due."""
        assert sender.message_1_at(at) == at
        used = self._used(at, sender.quota)
        pace = sender.pace
        assert at - self.last_at >= min(self.last_gap_s, pace.min_gap_s) - ROUNDING_S
        if pace.per_minute and len(self.sent) >= pace.per_minute:
            assert self.sent[-pace.per_minute] <= at - 60 + ROUNDING_S
        if pace.night:
            assert pace.night.over(at) == at
        self.kept = ceil(sender.expected_replies)
        assert used + 1 + max(due, self.kept) <= sender.quota
        self.messages_2_since = 0
        self.messages_1 += 1
        self._saw(at, pace.min_gap_s)

    def message_2(self, sender: SimulatedSender, at: float, due_at: float) -> None:
        """P1, E5: a Message 2 that has been due since `due_at` is about to leave."""
        assert sender.message_2_at(at) == at
        self._used(at, sender.quota)
        if at > max(due_at, self.last_reply_turn) + 5:
            assert self.messages_2_since >= self.kept, "a reply within the reserve was kept waiting"
            self.starved += 1
        self.last_reply_turn = at + sender.pace.reply_gap_s
        self.messages_2_since += 1
        self.messages_2 += 1
        self._saw(at, sender.pace.min_gap_s)

    def _used(self, at: float, quota: int) -> int:
        """Places taken; never all of them when a message is to leave."""
        while self.sent and self.sent[0] <= at - DAY_S - MARGIN_S + ROUNDING_S:
            self.sent.popleft()
        assert len(self.sent) < quota <= self.settings.quota_per_day
        return len(self.sent)

    def _saw(self, at: float, gap_s: float) -> None:
        assert at >= self.last_at
        self.sent.append(at)
        self.last_at, self.last_gap_s = at, gap_s


class BusySender:
    """Drives a simulated sender: replies, windows that end, errors, restarts, and a clock that jumps."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.witness = Witness(world.settings)
        self._random = random
        self._at = self._awake_since = world.starts  # while the clock jumps nobody can send
        self._factor = 1.0
        self._replies: list[float] = []  # a heap of the moments at which contacts will react
        self._windows: deque[float] = deque()  # the ends of the windows of those who will not
        self._due: deque[float] = deque()
        self._known = Replies(waiting=0, replied=0, silent=0)
        self._sender = self._started(world.history, Rhythm())
        self._steady_since: float | None = None  # the last Message 1, if only the pace has counted since then
        self.steady_gaps = 0
        self.steady_s = 0.0
        self.steady_slots_s = 0.0  # what the pace would have made of the same gaps

    def run(self, messages: int) -> None:
        """Goes on until so many messages have left, or none ever will again."""
        witness = self.witness
        while witness.messages_1 + witness.messages_2 < messages and self._step():
            pass

    def _step(self) -> bool:
        message_1_at = self._sender.message_1_at(self._at)
        message_2_at = self._sender.message_2_at(self._at) if self._due else inf
        reply_at = self._replies[0] if self._replies else inf
        window_at = self._windows[0] if self._windows else inf
        at = max(self._at, min(message_1_at, message_2_at, reply_at, window_at))
        if at == inf:
            return False
        self._at = at
        if reply_at <= at:
            heappop(self._replies)
            self._due.append(at)
            self._sender.reply(CAMPAIGN)
            self._count(replied=1)
        elif window_at <= at:
            self._windows.popleft()
            self._sender.fall_silent(CAMPAIGN)
            self._count(silent=1)
        elif message_2_at <= at:
            self.witness.message_2(self._sender, at, max(self._due.popleft(), self._awake_since))
            self._sender.send_message_2(at)
            self._afterwards()
        else:
            self._message_1(at)
        return True

    def _message_1(self, at: float) -> None:
        world, random = self.world, self._random
        self._measure(at)
        self.witness.message_1(self._sender, at, len(self._due))
        self._sender.send_message_1(at, random.random, CAMPAIGN)
        self._known = Replies(
            waiting=self._known.waiting + 1, replied=self._known.replied, silent=self._known.silent
        )
        delay = random.expovariate(1 / world.replies_after_s)
        if random.random() < world.reply_rate and delay < world.settings.window_s:
            heappush(self._replies, at + delay)
        else:
            self._windows.append(at + world.settings.window_s)
        self._afterwards()

    def _measure(self, at: float) -> None:
        if self._steady_since is not None:
            holds = {
                hold for hold, seconds in self._sender.holds(self._steady_since, at) if seconds > ROUNDING_S
            }
            if holds <= {Hold.PACE}:
                self.steady_gaps += 1
                self.steady_s += at - self._steady_since
                self.steady_slots_s += self._sender.pace.delay_s
        self._steady_since = at

    def _count(self, *, replied: int = 0, silent: int = 0) -> None:
        known = self._known
        self._known = Replies(
            waiting=known.waiting - 1, replied=known.replied + replied, silent=known.silent + silent
        )

    def _afterwards(self) -> None:
        """What may happen after any message."""
        world, random = self.world, self._random
        if world.error_rate and random.random() < 0.02:
            outcomes = Outcomes(finished=50, failed=sum(random.random() < world.error_rate for _ in range(50)))
            self._factor = adapted(self._factor, outcomes, world.settings.error_threshold)
            self._sender.adapt(self._at, self._factor)
            self._steady_since = None
        if random.random() < world.restarts:
            self._sender = self._started(self._sender.history, self._sender.rhythm)
        if random.random() < world.jumps:
            self._at += random.choice((1, 60, 3600, DAY_S, 3 * DAY_S)) * random.random()
            self._awake_since = self._at
            self._steady_since = None

    def _started(self, history: History, rhythm: Rhythm) -> SimulatedSender:
        """Another worker takes over: all it has is what was stored."""
        return SimulatedSender(
            at=self._at,
            settings=self.world.settings,
            history=history,
            fixed=self.world.fixed,
            error_factor=self._factor,
            rhythm=rhythm,
            sent=self.witness.sent,
            replies={CAMPAIGN: self._known},
            due=len(self._due),
        )
