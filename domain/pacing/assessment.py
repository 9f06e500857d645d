"""What a sender may do from now on, and why: the decision that its workflow takes again and again."""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.pacing.errors import SAMPLE, Outcomes, adapted, emergency
from domain.pacing.maturity import History, maturity_of, warm_up_quota
from domain.pacing.pace import FixedRates, Maturity, Pace, Profile, pace_of
from domain.pacing.quota import Replies, message_1_limit, replies_to_expect, reply_rate
from domain.pacing.rhythm import Rhythm, earliest_message_1
from domain.run_settings import RunSettings

# A queue lets twice as much through as may be sent. What finds nothing to send (a paused campaign, somebody
# who has opted out, a retry) costs a place in the queue: the others must not be slower for that. The exact
# rhythm is kept where the send is reserved, and only a few wait there at a time (docs/decisions/0006).
HEADROOM = 2.0
SHORT_S = 10.0  # closures shorter than this are waited out by whoever has its turn
LOOK_AGAIN_BUSY_S = 30.0
LOOK_AGAIN_FULL_S = 5.0  # somebody may be waiting for Message 2, and room comes message by message
LOOK_AGAIN_IDLE_S = 300.0


class PaceState(StrEnum):
    """What a sender is doing."""

    SENDING = "sending"
    RESTING = "resting"
    NIGHT = "night"
    QUOTA = "quota"  # used up, but for the replies
    BREAK = "break"  # the gateway asked for one
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that a decision needs. Moments in unix seconds."""

    at: float
    status: str  # active, paused, stopped
    status_reason: str | None
    pause_scope: str | None  # message_1, all
    held_until: float | None  # the gateway asked for a break until then
    settings: RunSettings
    fixed: FixedRates
    maturity: Maturity | None  # set by a person
    history: History
    rhythm: Rhythm
    error_factor: float
    outcomes: Outcomes
    failed_in_a_row: int
    failed_in_ten_minutes: int
    sent_in_a_day: int
    replies: list[Replies] = field(default_factory=list)
    largest_campaign: int = 0
    open_campaigns: int = 0  # that have contacts without Message 1 for this sender
    paused_campaigns: int = 0  # of those

    @property
    def has_work(self) -> bool:
        """Whether anybody waits for anything from this sender."""
        return self.open_campaigns > 0 or any(replies.waiting for replies in self.replies)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """The decision. Rates in messages per second, 0 while a queue is closed."""

    state: PaceState
    reason: str
    maturity: Maturity
    pace: Pace
    quota: int
    expected_replies: float
    reply_rate: float
    error_factor: float
    error_rate: float | None  # None: too few messages to say
    opens_at: float | None  # when Message 1 goes on by itself
    message_1_queue_per_s: float
    message_2_queue_per_s: float
    stop: str | None  # an emergency: stop this sender for that reason
    look_again_s: float


def assess(facts: Facts) -> Assessment:
    """Applies every rule to the facts."""
    maturity = facts.maturity or maturity_of(facts.history)
    error_factor = facts.error_factor
    if facts.largest_campaign >= facts.settings.adaptive_from_contacts or error_factor > 1:
        error_factor = adapted(error_factor, facts.outcomes, facts.settings.error_threshold)
    pace = pace_of(facts.settings, maturity, error_factor=error_factor, fixed=facts.fixed)
    quota = quota_of(facts.settings, maturity, pace.profile, facts.history.sending_days)
    expected = replies_to_expect(facts.settings.message_2_reserve, facts.replies)
    stop = _emergency(facts, pace)
    closure = _ordered_closure(facts, stop) or _rhythmic_closure(facts, pace, quota, expected)
    state, reason, opens_at = closure or (PaceState.SENDING, _pace_in_words(pace, error_factor), None)
    is_full = facts.sent_in_a_day >= quota
    is_open = state is PaceState.SENDING
    return Assessment(
        state=state,
        reason=reason,
        maturity=maturity,
        pace=pace,
        quota=quota,
        expected_replies=expected,
        reply_rate=_reply_rate(facts),
        error_factor=error_factor,
        error_rate=facts.outcomes.error_rate if facts.outcomes.finished >= SAMPLE else None,
        opens_at=opens_at,
        message_1_queue_per_s=HEADROOM * pace.rate_per_s if is_open else 0.0,
        message_2_queue_per_s=0.0
        if _replies_stand(facts, state, is_full=is_full)
        else HEADROOM / pace.reply_gap_s,
        stop=stop,
        look_again_s=_look_again_s(facts, opens_at, is_full=is_full),
    )


def quota_of(settings: RunSettings, maturity: Maturity, profile: Profile, sending_days: int) -> int:
    """What a sender may send in 24 hours: its quota, or less while a young account is warming up."""
    if maturity is Maturity.YOUNG and profile is Profile.CAREFUL:
        return warm_up_quota(settings.quota_per_day, sending_days)
    return settings.quota_per_day


def _emergency(facts: Facts, pace: Pace) -> str | None:
    if facts.status == "stopped" or pace.profile is not Profile.CAREFUL:
        return None
    return emergency(in_a_row=facts.failed_in_a_row, in_ten_minutes=facts.failed_in_ten_minutes)


Closure = tuple[PaceState, str, float | None]
"""The state, the reason, and when Message 1 goes on by itself."""


def _ordered_closure(facts: Facts, stop: str | None) -> Closure | None:
    """What a person, an emergency or the gateway has closed."""
    if stop or facts.status == "stopped":
        return PaceState.STOPPED, stop or facts.status_reason or "stopped", None
    if facts.status == "paused":
        return PaceState.PAUSED, "paused by a person", None
    if facts.open_campaigns and facts.open_campaigns == facts.paused_campaigns:
        return PaceState.PAUSED, "all its campaigns are paused", None
    if facts.held_until is not None and facts.held_until > facts.at:
        return PaceState.BREAK, "the gateway asked for a break", facts.held_until
    return None


def _rhythmic_closure(facts: Facts, pace: Pace, quota: int, expected: float) -> Closure | None:
    """What the rules close for a while."""
    rest_until = facts.rhythm.rest_until
    if rest_until > facts.at + SHORT_S:
        return PaceState.RESTING, "a rest after many messages in a row", rest_until
    if facts.sent_in_a_day >= message_1_limit(quota, expected):
        kept = f", room for {round(expected)} replies is kept" if expected else ""
        return PaceState.QUOTA, f"{facts.sent_in_a_day} of {quota} messages sent in 24 hours{kept}", None
    if pace.night and pace.night.over(facts.at) > facts.at + SHORT_S:
        return PaceState.NIGHT, "night", earliest_message_1(facts.rhythm, pace, facts.at)
    return None


def _pace_in_words(pace: Pace, error_factor: float) -> str:
    slower = f", {error_factor:.3g} times as long as usual because of errors" if error_factor > 1 else ""
    return f"{pace.profile} profile, a message every {pace.delay_s:.3g} s{slower}"


def _replies_stand(facts: Facts, state: PaceState, *, is_full: bool) -> bool:
    # Without room they would be refused one by one, every few seconds, by the thousand.
    return state is PaceState.STOPPED or is_full or (facts.status == "paused" and facts.pause_scope == "all")


def _reply_rate(facts: Facts) -> float:
    together = Replies(
        waiting=sum(replies.waiting for replies in facts.replies),
        replied=sum(replies.replied for replies in facts.replies),
        silent=sum(replies.silent for replies in facts.replies),
    )
    return reply_rate(facts.settings.message_2_reserve, together)


def _look_again_s(facts: Facts, opens_at: float | None, *, is_full: bool) -> float:
    if facts.has_work and is_full:
        return LOOK_AGAIN_FULL_S
    if opens_at is None:
        return LOOK_AGAIN_BUSY_S if facts.has_work else LOOK_AGAIN_IDLE_S
    return max(0.1, min(LOOK_AGAIN_IDLE_S, opens_at - facts.at))
