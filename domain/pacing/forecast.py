"""When will campaigns be done? Senders on a simulated clock, with mean values in place of chance (P9)."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from heapq import heappop, heappush
from itertools import count
from math import inf, log

from domain.pacing.maturity import History
from domain.pacing.pace import FixedRates, Maturity
from domain.pacing.quota import DAY_S, Replies, reply_rate
from domain.pacing.rhythm import Rhythm
from domain.pacing.simulation import Hold, SimulatedSender
from domain.run_settings import RunSettings

USUAL_REPLY_S = 3600.0
"""How long after Message 1 a contact reacts on average, in a window that is long enough."""

# Multiples of it, without their whole part, fill the range from 0 to 1 evenly at any length.
_GOLDEN = (5**0.5 - 1) / 2
_EPOCH = date(1970, 1, 1)
_NOBODY = Replies(waiting=0, replied=0, silent=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderOutlook:
    """What is known of a sender. Moments are unix seconds."""

    id: str
    settings: RunSettings
    history: History
    maturity: Maturity | None = None  # set by a person instead of the detected one
    fixed: FixedRates = field(default_factory=FixedRates)
    error_factor: float = 1.0
    rhythm: Rhythm = field(default_factory=Rhythm)
    sent: Sequence[float] = ()  # when its messages that count towards the quota left
    available_from: float | None = 0.0  # None: paused or stopped, it sends nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignOutlook:
    """What a campaign still has to do. Mappings are by sender id, durations seconds, moments unix seconds."""

    id: str
    batch_size: int
    batch_pause_s: float
    window_s: float
    grace_s: float
    pending: Mapping[str, int] = field(default_factory=dict)  # Messages 1 to be sent in that sender's lane
    unassigned: int = 0  # contacts without a lane: they go to whichever of `sender_ids` can send next
    sender_ids: Sequence[str] = ()
    replies: Mapping[str, Replies] = field(default_factory=dict)
    due: Mapping[str, int] = field(default_factory=dict)  # Messages 2 that are earned and not sent yet
    windows_end_at: float | None = None  # the end of the last window that is open now
    resumes_at: Mapping[str, float] = field(default_factory=dict)  # the end of a lane's present pause
    reply_rate: float | None = None  # None: as the reserve and the replies so far let expect
    retry_share: float = 0.0  # Messages 1 that need a second slot, as a share of all


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignForecast:
    """How a campaign will go. Moments are unix seconds, and None if they lie beyond the horizon."""

    messages_1_done_at: float | None  # the present if there is none to be sent
    closes_at: float | None
    shares: dict[str, int]  # Messages 1 by sender id
    per_day: tuple[tuple[date, int], ...]  # messages of both kinds by day in UTC
    limits: dict[Hold, float]  # what Messages 1 wait for, in seconds summed over senders, longest first


def forecast(
    now: float, senders: Iterable[SenderOutlook], campaigns: Iterable[CampaignOutlook], horizon_s: float
) -> dict[str, CampaignForecast]:
    """A forecast for each campaign by its id, looking `horizon_s` seconds ahead.

    Senders that a campaign names and that are not given send nothing. The campaigns are all those that use the
    senders: they share them in turns.
    """
    run = _Run(now, senders, campaigns, now + horizon_s)
    run.to_the_end()
    return {each.outlook.id: run.result(each) for each in run.courses}


def _mean() -> float:
    return 0.5


@dataclass(eq=False, slots=True)
class _Course:
    """A campaign on its way."""

    outlook: CampaignOutlook
    unassigned: int
    pending: int  # of all lanes, without the unassigned
    last_message_1_at: float | None = None
    last_message_2_at: float | None = None
    owed: int = 0  # Messages 2
    shares: Counter[str] = field(default_factory=Counter)
    per_day: Counter[int] = field(default_factory=Counter)
    limits: defaultdict[Hold, float] = field(default_factory=lambda: defaultdict(float))


@dataclass(eq=False, slots=True)
class _Lane:
    """A campaign on one sender."""

    course: _Course
    line: "_Line"
    pending: int
    takes_unassigned: bool
    resumes_at: float
    reply_rate: float
    in_batch: int = 0
    turn: int = 0  # when it sent last: lanes of a sender take turns
    replies: float = 0.5  # fractions of a reply and of a retry that have piled up
    retries: float = 0.5
    draws: int = 0

    def next_reply_s(self) -> float:
        """After how many seconds the next one who reacts does so: most soon, some much later."""
        window_s = self.course.outlook.window_s
        self.draws += 1
        later_share = 1 - self.draws * _GOLDEN % 1
        return min(window_s, -log(later_share) * min(USUAL_REPLY_S, window_s / 2))

    @property
    def has_work(self) -> bool:
        return self.pending > 0 or (self.takes_unassigned and self.course.unassigned > 0)


@dataclass(eq=False, slots=True)
class _Line:
    """A sender with what is queued for it."""

    id: str
    sender: SimulatedSender
    available_from: float
    idle_since: float
    lanes: list[_Lane] = field(default_factory=list)
    owed: deque[_Lane] = field(default_factory=deque)  # whose Messages 2 are due
    next_at: float | None = None  # of Message 1; None: not known


class _Run:
    """The senders and campaigns of one forecast. Things happen in the order of time."""

    def __init__(
        self, now: float, senders: Iterable[SenderOutlook], campaigns: Iterable[CampaignOutlook], end: float
    ) -> None:
        outlooks = list(campaigns)
        self._now = self._start = now
        self._end = end
        self._numbers = count(1)
        self._events: list[tuple[float, int, Callable[[_Lane], None], _Lane]] = []
        self.courses = [
            _Course(each, unassigned=each.unassigned, pending=sum(each.pending.values())) for each in outlooks
        ]
        self._lines = [self._line(each, outlooks) for each in senders]
        for line in self._lines:
            for lane in line.lanes:
                self._owe(lane, lane.course.outlook.due.get(line.id, 0))
                self._open_windows(lane)

    def _line(self, outlook: SenderOutlook, campaigns: Sequence[CampaignOutlook]) -> _Line:
        sender = SimulatedSender(
            at=self._now,
            settings=outlook.settings,
            history=outlook.history,
            maturity=outlook.maturity,
            fixed=outlook.fixed,
            error_factor=outlook.error_factor,
            rhythm=outlook.rhythm,
            sent=outlook.sent,
            replies={each.id: each.replies[outlook.id] for each in campaigns if outlook.id in each.replies},
            due=sum(each.due.get(outlook.id, 0) for each in campaigns),
        )
        available_from = inf if outlook.available_from is None else max(self._now, outlook.available_from)
        line = _Line(outlook.id, sender, available_from, idle_since=self._now)
        line.lanes = [
            _lane(course, line, outlook.settings.message_2_reserve)
            for course in self.courses
            if _uses(course.outlook, outlook.id)
        ]
        return line

    def _open_windows(self, lane: _Lane) -> None:
        """Spreads the windows that are open now evenly up to the end of the last one."""
        outlook = lane.course.outlook
        waiting = outlook.replies.get(lane.line.id, _NOBODY).waiting
        last = max(self._now, outlook.windows_end_at or 0.0)
        for number in range(1, waiting + 1):
            ends_at = self._now + (last - self._now) * number / waiting
            self._await_reply(lane, ends_at - outlook.window_s)

    def to_the_end(self) -> None:
        """Goes on until nothing is left to happen, or up to the horizon."""
        while True:
            line = self._next_line()
            message_1_at = line.next_at if line and line.next_at is not None else inf
            event_at = self._events[0][0] if self._events else inf
            at = min(message_1_at, event_at)
            if at > self._end or at == inf:
                break
            self._now = at
            if event_at <= message_1_at or line is None:  # a Message 2 goes before a Message 1
                _, _, happen, lane = heappop(self._events)
                happen(lane)
            else:
                self._send_message_1(line)
        for line in self._lines:
            self._explain(line, self._end)

    def _next_line(self) -> _Line | None:
        """The sender that can send a Message 1 first."""
        first: _Line | None = None
        earliest = inf
        for line in self._lines:
            if line.next_at is None:
                line.next_at = self._message_1_at(line)
            if line.next_at < earliest:
                first, earliest = line, line.next_at
        return first

    def _message_1_at(self, line: _Line) -> float:
        resumes_at = min((lane.resumes_at for lane in line.lanes if lane.has_work), default=inf)
        return line.sender.message_1_at(max(self._now, line.available_from, resumes_at))

    def _send_message_1(self, line: _Line) -> None:
        line.next_at = None
        ready = [lane for lane in line.lanes if lane.has_work and lane.resumes_at <= self._now]
        if not ready:  # another sender took the last contact
            return
        self._explain(line, self._now)
        lane = min(ready, key=lambda each: each.turn)
        lane.turn = next(self._numbers)
        outlook = lane.course.outlook
        if lane.retries >= 1:
            lane.retries -= 1
            line.sender.refuse_message_1(self._now, _mean)
            return
        lane.retries += outlook.retry_share
        line.sender.send_message_1(self._now, _mean, outlook.id)
        self._record(lane)
        self._await_reply(lane, self._now)

    def _record(self, lane: _Lane) -> None:
        course = lane.course
        if lane.pending:
            lane.pending -= 1
            course.pending -= 1
        else:
            course.unassigned -= 1
        course.shares[lane.line.id] += 1
        course.per_day[int(self._now // DAY_S)] += 1
        course.last_message_1_at = self._now
        lane.in_batch += 1
        if lane.in_batch >= course.outlook.batch_size:
            lane.in_batch = 0
            lane.resumes_at = self._now + course.outlook.batch_pause_s

    def _await_reply(self, lane: _Lane, sent_at: float) -> None:
        """A contact has got Message 1: either it reacts, or its window ends in silence."""
        outlook = lane.course.outlook
        lane.replies += lane.reply_rate
        if lane.replies >= 1:
            lane.replies -= 1
            replies_at = sent_at + lane.next_reply_s()
            if replies_at >= self._now:  # else it would have reacted already
                self._plan(replies_at, self._reply, lane)
                return
        self._plan(sent_at + outlook.window_s + outlook.grace_s, self._fall_silent, lane)

    def _plan(self, at: float, happen: Callable[[_Lane], None], lane: _Lane) -> None:
        heappush(self._events, (max(at, self._now), next(self._numbers), happen, lane))

    def _reply(self, lane: _Lane) -> None:
        lane.line.sender.reply(lane.course.outlook.id)
        lane.line.next_at = None
        self._owe(lane, 1)

    def _owe(self, lane: _Lane, messages_2: int) -> None:
        line = lane.line
        is_first = messages_2 > 0 and not line.owed
        lane.course.owed += messages_2
        line.owed.extend([lane] * messages_2)
        if is_first:
            self._plan_message_2(line)

    def _fall_silent(self, lane: _Lane) -> None:
        lane.line.sender.fall_silent(lane.course.outlook.id)
        lane.line.next_at = None

    def _plan_message_2(self, line: _Line) -> None:
        at = line.sender.message_2_at(max(self._now, line.available_from))
        self._plan(at, self._send_message_2, line.owed[0])

    def _send_message_2(self, lane: _Lane) -> None:
        line, course = lane.line, lane.course
        line.owed.popleft()
        line.sender.send_message_2(self._now)
        line.next_at = None
        course.owed -= 1
        course.per_day[int(self._now // DAY_S)] += 1
        course.last_message_2_at = self._now
        if line.owed:
            self._plan_message_2(line)

    def _explain(self, line: _Line, until: float) -> None:
        """Tells all campaigns that wait for this sender what they have waited for since its last Message 1."""
        limits = [lane.course.limits for lane in line.lanes if lane.has_work]
        if not limits:
            return
        since = max(line.idle_since, min(line.available_from, until))
        paused_until = min(lane.resumes_at for lane in line.lanes if lane.has_work)
        holds = list(line.sender.holds(since, until, paused_until))
        if since > line.idle_since:
            holds.append((Hold.UNAVAILABLE, since - line.idle_since))
        for limit in limits:
            for hold, seconds in holds:
                limit[hold] += seconds
        line.idle_since = until

    def result(self, course: _Course) -> CampaignForecast:
        """What became of a campaign."""
        is_done = course.pending + course.unassigned == 0
        closes_at = self._closes_at(course)
        limits = sorted(course.limits.items(), key=lambda each: -each[1])
        done_at = self._start if course.last_message_1_at is None else course.last_message_1_at
        return CampaignForecast(
            messages_1_done_at=done_at if is_done else None,
            closes_at=closes_at if is_done and not course.owed and closes_at <= self._end else None,
            shares=dict(course.shares),
            per_day=tuple((_EPOCH + timedelta(days=day), n) for day, n in sorted(course.per_day.items())),
            limits=dict(limits),
        )

    def _closes_at(self, course: _Course) -> float:
        """When the last window is settled and the last Message 2 is sent."""
        outlook = course.outlook
        ends = [self._start, course.last_message_2_at or 0.0]
        if course.last_message_1_at is not None:
            ends.append(course.last_message_1_at + outlook.window_s + outlook.grace_s)
        if outlook.windows_end_at is not None:
            ends.append(outlook.windows_end_at + outlook.grace_s)
        return max(ends)


def _uses(campaign: CampaignOutlook, sender_id: str) -> bool:
    return any(
        sender_id in each for each in (campaign.pending, campaign.sender_ids, campaign.replies, campaign.due)
    )


def _lane(course: _Course, line: _Line, reserve: float) -> _Lane:
    outlook = course.outlook
    rate = outlook.reply_rate
    return _Lane(
        course=course,
        line=line,
        pending=outlook.pending.get(line.id, 0),
        takes_unassigned=line.id in outlook.sender_ids,
        resumes_at=outlook.resumes_at.get(line.id, 0.0),
        reply_rate=reply_rate(reserve, outlook.replies.get(line.id, _NOBODY)) if rate is None else rate,
    )
