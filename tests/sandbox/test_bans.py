"""The rules by which the sandbox bans numbers: machines always, careful senders never."""

import random
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.whatsapp.ban_rules import BanRules
from sandbox.whatsapp.bans import Conduct, Number, Rule, Send
from tests.sandbox import rhythms
from tests.sandbox.rhythms import DAY_S, HOUR_S, MIDNIGHT, NOON, beat, number, sends_until_ban

RULES = BanRules(bans=True)
SEEDS = st.integers(min_value=0, max_value=2**32)
SHAPES = st.sampled_from(["uniform", "triangular"])
FORGIVEN = 21  # breaches of 5 points each make 100, but the first have faded a little by then
POINTS = [name for name in BanRules.model_fields if name.endswith("_points")]

careful = settings(max_examples=25, deadline=None)  # each example is thousands of messages
quick = settings(max_examples=100, deadline=None)


def only(rule: Rule, **more: float) -> BanRules:
    """All other rules give no points."""
    silent = {name: 0.0 for name in POINTS if name != f"ban_{rule}_points"}
    return BanRules.model_validate({**silent, **more})


def reasons(conduct: Conduct) -> set[Rule]:
    return {increase.rule for increase in conduct.increases}


# Careful senders


@careful
@given(seed=SEEDS, shape=SHAPES)
def test_a_number_that_warms_up_like_a_human_is_never_banned(seed: int, shape: str) -> None:
    times = list(rhythms.young_days(random.Random(seed), shape, days=7))  # noqa: S311
    conduct = Conduct()
    sender = number(0, at=times[0])
    assert len(times) > 3000
    assert sends_until_ban(times, sender, RULES, conduct, unknown_every=12) is None
    assert reasons(conduct) <= {"identical"}


@careful
@given(
    seed=SEEDS,
    shape=SHAPES,
    rhythm=st.sampled_from([((3.0, 7.0), 30.0), ((2.0, 4.0), 0.0)]),
    age_days=st.floats(min_value=90, max_value=3000),
)
def test_an_old_number_with_a_varied_gap_is_never_banned(
    seed: int, shape: str, rhythm: tuple[tuple[float, float], float], age_days: float
) -> None:
    gaps, pause_s = rhythm
    times = list(rhythms.established_days(random.Random(seed), shape, gaps, pause_s, days=3))  # noqa: S311
    conduct = Conduct()
    assert sends_until_ban(times, number(age_days), RULES, conduct, unknown_every=12) is None
    assert max((increase.score for increase in conduct.increases), default=0) < RULES.ban_score / 2


@quick
@given(gaps=st.lists(st.floats(min_value=0, max_value=20), min_size=100, max_size=300))
def test_whoever_answers_is_not_judged_by_the_pace(gaps: list[float]) -> None:
    conduct, at = Conduct(), MIDNIGHT
    for nth, gap in enumerate(gaps):
        at += gap
        assert conduct.observe(Send(at=at, body=f"Answer {nth}", invited=True), number(0), RULES) is None
    assert not conduct.increases
    assert (conduct.sends, conduct.unsolicited) == (len(gaps), 0)


# Machines


@quick
@given(
    age_days=st.floats(min_value=0, max_value=3000),
    hour=st.floats(min_value=0, max_value=24),
    network=SEEDS,
)
def test_a_fixed_beat_of_5_seconds_is_always_banned(age_days: float, hour: float, network: int) -> None:
    delays = random.Random(network)  # noqa: S311
    times = [at + delays.uniform(0, 0.2) for at in beat(5, 1000, MIDNIGHT + hour * HOUR_S)]
    sends = sends_until_ban(times, number(age_days), RULES)
    assert sends is not None
    assert sends < (30 if age_days < 9 else 100)


@quick
@given(gap_s=st.floats(min_value=0, max_value=55), age_days=st.floats(min_value=0, max_value=3000))
def test_any_fixed_beat_under_a_minute_is_banned(gap_s: float, age_days: float) -> None:
    sends = sends_until_ban(beat(gap_s, 1000), number(age_days), RULES)
    assert sends is not None
    assert sends < 100


@pytest.mark.parametrize("age_days", [0, 30, 365])
@pytest.mark.parametrize("pause_s", [30, 60])
def test_pauses_do_not_hide_the_beat(age_days: float, pause_s: float) -> None:
    """5 s, 50 in a batch, then a pause: what got a real account banned."""
    times = [at + pause_s * (nth // 50) for nth, at in enumerate(beat(5, 1000))]
    sends = sends_until_ban(times, number(age_days), RULES)
    assert sends is not None
    assert sends < 150


@quick
@given(seed=SEEDS, age_days=st.floats(min_value=0, max_value=9))
def test_the_rhythm_of_an_old_number_bans_a_young_one(seed: int, age_days: float) -> None:
    times = list(rhythms.established_days(random.Random(seed), "uniform", (3, 7), 30, days=1))  # noqa: S311
    assert sends_until_ban(times, Number(times[0] - age_days * DAY_S, "Europe/Paris"), RULES)


# Each rule alone


@pytest.mark.parametrize(
    ("gap_s", "age_days", "scores"), [(1.7, 365, 1), (1.9, 365, 0), (8, 3, 1), (9.5, 3, 0)]
)
def test_a_gap_can_be_too_short(gap_s: float, age_days: float, scores: int) -> None:
    conduct = Conduct()
    sends_until_ban(beat(gap_s, 2), number(age_days), only("gap"), conduct)
    assert len(conduct.increases) == scores


def test_the_beat_is_heard_only_in_enough_short_gaps() -> None:
    for times, count in ((beat(5, 30), 0), (beat(5, 31), 1), (beat(5, 40), 10), (beat(61, 200), 0)):
        conduct = Conduct()
        assert sends_until_ban(times, number(365), only("beat"), conduct) is None
        assert len(conduct.increases) == count


def test_a_young_number_keeps_to_four_a_minute_over_minutes() -> None:
    for times, scores in ((beat(16, 200), False), (beat(10, 30), False), (beat(12, 60), True)):
        conduct = Conduct()
        sends_until_ban(times, number(3), only("per_minute"), conduct)
        assert bool(conduct.increases) == scores
    assert sends_until_ban(beat(12, 1000), number(365), only("per_minute")) is None


@pytest.mark.parametrize(("day", "allowed"), [(0, 20), (1, 50), (2, 200), (3, 500), (4, 1000), (365, 1000)])
def test_the_volume_of_a_day_grows_with_the_number(day: int, allowed: int) -> None:
    times = beat(30, 1600)  # 13 h
    conduct = Conduct()
    tolerated = int(allowed * RULES.ban_volume_factor)
    sender = Number(born_at=MIDNIGHT - day * DAY_S, timezone="Europe/Paris")
    on_first_day = [at for at in times if at < MIDNIGHT + DAY_S]
    assert sends_until_ban(on_first_day[:tolerated], sender, only("volume"), conduct) is None
    assert not conduct.increases
    if len(on_first_day) >= tolerated + FORGIVEN:
        assert sends_until_ban(on_first_day, sender, only("volume")) == tolerated + FORGIVEN


def test_the_volume_is_that_of_a_rolling_day() -> None:
    day_by_day = list(chain(beat(20, 1000, NOON), beat(20, 1000, NOON + DAY_S)))
    assert sends_until_ban(day_by_day, number(365), only("volume")) is None
    evening_and_morning = list(chain(beat(20, 1000, NOON), beat(20, 1000, NOON + 12 * HOUR_S)))
    assert sends_until_ban(evening_and_morning, number(365), only("volume")) == 1500 + FORGIVEN


@pytest.mark.parametrize(("hour", "scores"), [(22.9, 0), (23.1, 1), (0.5, 1), (5.9, 1), (6.1, 0), (12, 0)])
def test_a_young_number_sleeps_at_night(hour: float, scores: int) -> None:
    at = MIDNIGHT + hour * HOUR_S
    for age_days, expected in ((3, scores), (365, 0)):
        conduct = Conduct()
        conduct.observe(Send(at=at), number(age_days, at), only("night"))
        assert len(conduct.increases) == expected


def test_the_night_is_that_of_the_number() -> None:
    conduct = Conduct()
    tokyo = Number(born_at=NOON, timezone="Asia/Tokyo")
    conduct.observe(Send(at=NOON + 4 * HOUR_S), tokyo, only("night"))  # 16:00 in Paris
    assert [increase.reason for increase in conduct.increases] == ["sent at 0 o'clock in Asia/Tokyo"]


def test_a_night_may_lie_within_one_day() -> None:
    rules = only("night", ban_night_starts=1, ban_night_ends=5)
    for hour, scores in ((0.5, 0), (3, 1), (5.5, 0)):
        conduct = Conduct()
        conduct.observe(Send(at=MIDNIGHT + hour * HOUR_S), number(0), rules)
        assert len(conduct.increases) == scores


def test_a_young_number_rests_now_and_then() -> None:
    without_rest = beat(20, 200)
    rested = [at + 180 * (nth // 100) for nth, at in enumerate(without_rest)]
    assert sends_until_ban(without_rest, number(3), only("run")) == 171
    assert sends_until_ban(rested, number(3), only("run")) is None
    assert sends_until_ban(without_rest, number(365), only("run")) is None


def test_a_list_of_made_up_numbers_is_noticed() -> None:
    assert sends_until_ban(beat(60, 1000), number(365), only("unknown"), unknown_every=10) is None
    sends = sends_until_ban(beat(60, 1000), number(365), only("unknown"), unknown_every=4)
    assert sends is not None
    assert 20 <= sends < 120
    conduct = Conduct()
    sends_until_ban(beat(60, 19), number(365), only("unknown"), conduct, unknown_every=1)
    assert not conduct.increases


def test_reports_are_noticed_once_they_are_many() -> None:
    rules = only("reported")
    conduct, reports = Conduct(), 0
    for nth, at in enumerate(beat(60, 1000)):
        conduct.observe(Send(at=at), number(365), rules)
        if nth % 50 == 49:  # 2 %
            assert conduct.observe_report(at, rules) is None
    assert not conduct.increases
    reason = None
    while reason is None:
        reason = conduct.observe_report(at, rules)
        reports += 1
    assert 9 <= reports <= 12
    assert "of the last 100 messages were reported" in reason


def test_a_few_reports_say_nothing_before_enough_was_sent() -> None:
    conduct = Conduct()
    for at in beat(60, 19):
        conduct.observe(Send(at=at), number(365), only("reported"))
        assert conduct.observe_report(at, only("reported")) is None
    assert not conduct.increases


def test_the_same_text_to_everybody_never_bans_alone() -> None:
    conduct = Conduct()
    assert sends_until_ban(beat(90, 5000), number(365), only("identical"), conduct) is None
    assert 0 < max(increase.score for increase in conduct.increases) <= RULES.ban_identical_most


def test_texts_that_differ_are_not_identical() -> None:
    conduct = Conduct()
    for nth, at in enumerate(beat(60, 300)):
        conduct.observe(Send(at=at, body=f"Hello {nth % 2}"), number(365), only("identical"))
    assert not conduct.increases


# The score


def test_the_score_halves_with_every_half_life() -> None:
    conduct, rules = Conduct(), only("gap")
    sends_until_ban(beat(1, 11), number(365), rules, conduct)
    ended = NOON + 10
    at_once = conduct.scores(ended, rules)["gap"]
    assert at_once == pytest.approx(50, rel=0.01)
    assert conduct.scores(ended + rules.ban_half_life_s, rules)["gap"] == pytest.approx(at_once / 2)
    assert conduct.scores(ended + 4 * rules.ban_half_life_s, rules)["gap"] == pytest.approx(at_once / 16)


def test_the_reason_is_that_of_the_heaviest_rule() -> None:
    conduct = Conduct()
    sends = [Send(at=at, body="Hello") for at in beat(5, 1000)]
    verdicts = [conduct.observe(send, number(365), RULES) for send in sends[:100]]
    [reason, *_] = filter(None, verdicts)
    assert reason == "beat: 30 gaps of about 5.0 s vary by 0.0% only"
    assert reasons(conduct) == {"beat", "identical"}
