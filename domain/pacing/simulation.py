"""One sender on a simulated clock, held back by the rules that hold back a real one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from math import inf
from zoneinfo import ZoneInfo

from domain.pacing.assessment import quota_of
from domain.pacing.maturity import YOUNG_DAYS, History, maturity_of
from domain.pacing.night import Night
from domain.pacing.pace import FixedRates, Maturity, Pace, pace_of
from domain.pacing.quota import COUNTED_S, DAY_S, Replies, message_1_limit, replies_to_expect
from domain.pacing.rhythm import (
    Random,
    Rhythm,
    after_message_1,
    after_message_2,
    earliest_message_1,
    hurried,
)
from domain.run_settings import RunSettings

MINUTE_S = 60.0
# In which stretches offset and date of a time zone cannot change: they change on a half hour, if they change.
_HALF_HOUR_S = 1800.0
_NOBODY = Replies(waiting=0, replied=0, silent=0)
_AS_THE_PROFILE_SAYS = FixedRates()
_AT_REST = Rhythm()


class Hold(StrEnum):
    """What a Message 1 waits for."""

    PACE = "pace"
    REST = "rest"
    BATCH_PAUSE = "batch_pause"
    NIGHT = "night"
    QUOTA = "quota"
    WARM_UP = "warm_up"
    UNAVAILABLE = "unavailable"  # the sender is paused or stopped


class _Nights:
    """Night.over, which costs some microseconds, with an answer kept for as long as it holds."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self._since = self._until = 0.0
        self._morning: float | None = None

    def over(self, at: float) -> float:
        if at == inf:
            return at
        if not self._since <= at < self._until:
            self._look(at)
        return at if self._morning is None else self._morning

    def _look(self, at: float) -> None:
        morning = self._night.over(at)
        self._since = at
        if morning > at:
            self._morning = self._until = morning
            return
        self._morning = None
        evening = at + _seconds_to(self._night.starts, datetime.fromtimestamp(at, self._night.zone))
        self._until = min(evening, (at // _HALF_HOUR_S + 1) * _HALF_HOUR_S)


def _seconds_to(hour: time, local: datetime) -> float:
    """Seconds until a clock that runs evenly shows that hour."""
    to_go = datetime.combine(local.date(), hour) - local.replace(tzinfo=None)
    return to_go.total_seconds() % DAY_S


@dataclass(frozen=True, kw_only=True, slots=True)
class _Day:
    """What holds for a sender on one day of its time zone, [starts, ends) in unix seconds."""

    starts: float
    ends: float
    history: History
    pace: Pace
    daytime: Pace  # the same without its night
    quota: int
    warming_up: bool


def _shortage(day: _Day) -> Hold:
    return Hold.WARM_UP if day.warming_up else Hold.QUOTA


class SimulatedSender:
    """A sender as the reservation in PostgreSQL treats it, on a clock of unix seconds that never goes back.

    Ask `message_1_at` or `message_2_at` first, then send at that moment or later: sending checks nothing.
    Maturity, warm-up and pace move on at midnight in the sender's time zone.
    """

    def __init__(
        self,
        *,
        at: float,
        settings: RunSettings,
        history: History,
        maturity: Maturity | None = None,
        fixed: FixedRates = _AS_THE_PROFILE_SAYS,
        error_factor: float = 1.0,
        rhythm: Rhythm = _AT_REST,
        sent: Iterable[float] = (),
        replies: Mapping[str, Replies] | None = None,
        due: int = 0,
    ) -> None:
        """`history` is the one at `at`, and `maturity` goes before what it says.

        `sent` are the moments of its messages that may count, `replies` what is known of each campaign by its
        id, and `due` the Messages 2 that have been earned and wait to be sent.
        """
        self.rhythm = rhythm
        self.sent = deque(sorted(sent))
        self._settings = settings
        self._maturity = maturity
        self._fixed = fixed
        self._error_factor = error_factor
        self._replies = dict(replies or {})
        self._due = due
        self._expected: float | None = None
        self._zone = ZoneInfo(settings.timezone)
        self._nights = _Nights(Night.of(settings.night_starts, settings.night_ends, settings.timezone))
        self._days = [self._day(at, history)]
        self._sent_today = bool(self.sent) and self.sent[-1] >= self._days[0].starts
        self._messages = 0  # sent today, as far as the history of today does not hold them

    @property
    def pace(self) -> Pace:
        """The pace at present."""
        return self._days[0].pace

    @property
    def history(self) -> History:
        """What is known of the account at present."""
        today = self._days[0].history
        return replace(today, messages=today.messages + self._messages)

    @property
    def quota(self) -> int:
        """Messages in 24 hours at present, both kinds together."""
        return self._days[0].quota

    @property
    def expected_replies(self) -> float:
        """For how many Messages 2 a place is kept."""
        if self._expected is None:
            self._expected = self._due + replies_to_expect(
                self._settings.message_2_reserve, self._replies.values()
            )
        return self._expected

    def counted(self, at: float) -> int:
        """How many messages count towards the quota."""
        sent = self.sent
        while sent and sent[0] + COUNTED_S <= at:
            sent.popleft()
        return len(sent)

    def message_1_at(self, at: float) -> float:
        """The first moment from `at` on at which a Message 1 may leave if nothing happens until then.

        Infinite if none ever may; a contact whose window ends may change that.
        """
        return self._first(at, self._message_1_on)

    def send_message_1(self, at: float, random: Random, campaign_id: str | None = None) -> None:
        """A Message 1 leaves, and its contact's window opens."""
        self._use_slot(at, random)
        self._count(at)
        if campaign_id is not None:
            self._move(campaign_id, waiting=1)

    def refuse_message_1(self, at: float, random: Random) -> None:
        """A Message 1 is tried in vain: that takes a slot, but no place in the quota."""
        self._use_slot(at, random)

    def message_2_at(self, at: float) -> float:
        """The first moment from `at` on at which a Message 2 may leave; infinite if none ever may."""
        return self._first(at, self._message_2_on)

    def send_message_2(self, at: float) -> None:
        """A Message 2 leaves."""
        self._turn_to(at)
        self.rhythm = after_message_2(self.rhythm, self._days[0].daytime, at)
        self._count(at)
        if self._due:
            self._due -= 1
            self._expected = None

    def reply(self, campaign_id: str) -> None:
        """A contact in its window reacts: a Message 2 is due, and its place is kept until it leaves."""
        self._move(campaign_id, waiting=-1, replied=1)
        self._due += 1

    def fall_silent(self, campaign_id: str) -> None:
        """The window of a contact ends without a reaction."""
        self._move(campaign_id, waiting=-1, silent=1)

    def adapt(self, at: float, error_factor: float) -> None:
        """Errors make the delay longer, or their absence makes it shorter again, from `at` on."""
        self._turn_to(at)
        self._error_factor = error_factor
        self._days = [self._day(at, self._days[0].history)]
        self.rhythm = hurried(self.rhythm, self._days[0].pace)

    def holds(self, since: float, until: float, paused_until: float = 0.0) -> Iterator[tuple[Hold, float]]:
        """What the next Message 1 has waited for between the two moments, and for how many seconds.

        `paused_until` is the end of a pause between batches. Of two holds at a time the first one counts.
        """
        day, at = self._days[0], since
        for hold, moment in self._hold_ends(day, since, paused_until):
            end = min(moment, until)
            if end > at:
                yield hold, end - at
                at = end
        if until > at:
            yield _shortage(day), until - at

    def _hold_ends(self, day: _Day, since: float, paused_until: float) -> Iterator[tuple[Hold, float]]:
        rhythm, pace = self.rhythm, day.pace
        # Every Message 2 puts Message 1 off, also one that waits for something else: its slot tells.
        slot_until = min(rhythm.message_1_at, rhythm.slot_at + pace.spread_s)
        yield Hold.REST, rhythm.rest_until
        yield Hold.PACE, slot_until
        yield Hold.BATCH_PAUSE, paused_until
        if pace.night:
            yield Hold.NIGHT, self._nights.over(max(since, rhythm.rest_until, slot_until, paused_until))
        put_off_until, put_off_s = rhythm.message_1_at, pace.min_gap_s
        if pace.per_minute and len(self.sent) >= pace.per_minute:
            put_off_until, put_off_s = max(put_off_until, self.sent[-pace.per_minute] + MINUTE_S), MINUTE_S
        yield _shortage(day), put_off_until - put_off_s
        yield Hold.PACE, put_off_until

    def _use_slot(self, at: float, random: Random) -> None:
        self._turn_to(at)
        self.rhythm = after_message_1(self.rhythm, self._days[0].daytime, at, random)

    def _first(self, at: float, on: Callable[[_Day, float], float]) -> float:
        """The first moment from `at` on, today or on a later day, by what `on` says of one day."""
        if at == inf:
            return at
        self._turn_to(at)
        moment = on(self._days[0], at)
        ahead = 0
        # A later day may have a larger quota. Nobody waits for longer than it takes to stop being young.
        while moment >= self._days[ahead].ends and ahead < YOUNG_DAYS:
            ahead += 1
            day = self._day_ahead(ahead)
            moment = on(day, max(at, day.starts))
        return moment

    def _message_1_on(self, day: _Day, at: float) -> float:
        sent, per_minute = self.sent, day.pace.per_minute
        moment = earliest_message_1(self.rhythm, day.daytime, at)
        if per_minute and len(sent) >= per_minute:
            moment = max(moment, sent[-per_minute] + MINUTE_S)
        moment = self._below(message_1_limit(day.quota, self.expected_replies), moment)
        return self._nights.over(moment) if day.pace.night else moment

    def _message_2_on(self, day: _Day, at: float) -> float:
        return self._below(day.quota, max(at, self.rhythm.message_2_at))

    def _below(self, limit: int, at: float) -> float:
        """The first moment from `at` on at which fewer than `limit` messages count."""
        if limit <= 0:
            return inf
        too_many = len(self.sent) - limit
        return at if too_many < 0 else max(at, self.sent[too_many] + COUNTED_S)

    def _count(self, at: float) -> None:
        self.counted(at)
        self.sent.append(at)
        self._messages += 1
        if not self._sent_today:
            self._sent_today = True
            del self._days[1:]  # tomorrow there will be one more day on which it has sent

    def _move(self, campaign_id: str, *, waiting: int, replied: int = 0, silent: int = 0) -> None:
        before = self._replies.get(campaign_id, _NOBODY)
        self._replies[campaign_id] = Replies(
            waiting=max(0, before.waiting + waiting),
            replied=before.replied + replied,
            silent=before.silent + silent,
        )
        self._expected = None

    def _turn_to(self, at: float) -> None:
        """Begins the day of `at` if that is not today."""
        today = self._days[0]
        if at < today.ends:
            return
        self._days = [self._day(at, self._history_at(today, at))]
        self._sent_today = False
        self._messages = 0
        self.rhythm = hurried(self.rhythm, self._days[0].pace)

    def _day_ahead(self, number: int) -> _Day:
        """Today is number 0. A day ahead is what it will be if nothing leaves until then."""
        while len(self._days) <= number:
            last = self._days[-1]
            self._days.append(self._day(last.ends, self._history_at(last, last.ends)))
        return self._days[number]

    def _history_at(self, day: _Day, at: float) -> History:
        is_today = day is self._days[0]
        before = datetime.fromtimestamp(day.starts, self._zone).date()
        history = day.history
        return replace(
            history,
            age_days=history.age_days + (datetime.fromtimestamp(at, self._zone).date() - before).days,
            sending_days=history.sending_days + (1 if is_today and self._sent_today else 0),
            messages=self.history.messages if is_today else history.messages,
        )

    def _day(self, at: float, history: History) -> _Day:
        midnight = datetime.combine(datetime.fromtimestamp(at, self._zone).date(), time.min, self._zone)
        settings, maturity = self._settings, self._maturity or maturity_of(history)
        pace = pace_of(settings, maturity, error_factor=self._error_factor, fixed=self._fixed)
        quota = quota_of(settings, maturity, pace.profile, history.sending_days)
        return _Day(
            starts=midnight.timestamp(),
            ends=(midnight + timedelta(days=1)).timestamp(),
            history=history,
            pace=pace,
            daytime=replace(pace, night=None),
            quota=quota,
            warming_up=quota < settings.quota_per_day,
        )
